// The queues as tabs with what waits in each. Names and numbers are ours.

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector('.tabs')
  root.replaceChildren(...data.tabs.map((tab) => button(tab, () => setTriggerValue('queue', tab.key))))
}

function button(tab, act) {
  const made = document.createElement('button')
  made.className = 'tab'
  made.dataset.queue = tab.key
  if (tab.chosen) made.setAttribute('aria-current', 'page')
  const count = document.createElement('span')
  count.className = tab.late ? 'count late' : 'count'
  count.textContent = tab.count
  if (tab.late) count.title = tab.late
  made.append(tab.name, count)
  made.addEventListener('click', act)
  return made
}
