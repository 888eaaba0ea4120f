// Seconds left until a reply leaves, counted here so that the page need not run for every second.

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const words = parentElement.querySelector('.words')
  const bar = parentElement.querySelector('.bar')
  const ends = performance.now() + data.left_s * 1000
  let told = false
  const show = () => {
    const left = Math.max(0, (ends - performance.now()) / 1000)
    words.textContent = left > 0 ? `Leaves in ${Math.ceil(left)} s` : data.after
    bar.style.width = `${data.of_s > 0 ? (100 * left) / data.of_s : 0}%`
    if (left === 0 && !told) {
      told = true
      setTriggerValue('over', true)
    }
  }
  show()
  const timer = setInterval(show, 100)
  return () => clearInterval(timer)
}
