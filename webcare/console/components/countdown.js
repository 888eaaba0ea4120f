// Time left until a reply leaves, or until a network takes none, counted here so that the page need not run for it.

function told(left) {
  if (left < 120) return `${Math.ceil(left)} s`
  if (left < 7200) return `${Math.floor(left / 60)} min`
  const hours = Math.floor(left / 3600)
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  return `${hours} h ${Math.floor((left % 3600) / 60)} min`
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const words = parentElement.querySelector('.words')
  const bar = parentElement.querySelector('.bar')
  const ends = performance.now() + data.left_s * 1000
  let over = false
  const show = () => {
    const left = Math.max(0, (ends - performance.now()) / 1000)
    words.textContent = left > 0 ? `${data.before || 'Leaves in'} ${told(left)}` : data.after
    bar.style.width = `${data.of_s > 0 ? (100 * left) / data.of_s : 0}%`
    if (left === 0 && !over) {
      over = true
      setTriggerValue('over', true)
    }
  }
  show()
  const timer = setInterval(show, 100)
  return () => clearInterval(timer)
}
