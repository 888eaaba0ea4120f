// The list of saved replies, one element however many, and the hand-over of the text somebody writes beside it. Words
// of people arrive cleaned and are only ever put into text nodes.

const PAUSE_MS = 250
const HAND_OVER_MS = 700 // of rest in the text box, before the guard is asked about it

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector('.texts')
  const top = bar(root, data, setTriggerValue)
  root.querySelector('.below')?.remove()
  const below = node('div', 'below')
  below.append(...[data.told && node('p', 'told', data.told), rows(data, setTriggerValue)].filter(Boolean))
  root.append(below)
  top.onkeydown = (event) => {
    if (event.key === 'ArrowDown') step(root, event, 0)
  }
  below.onkeydown = (event) => {
    const at = links(root).indexOf(root.getRootNode().activeElement)
    if (event.key === 'ArrowDown') step(root, event, at + 1)
    if (event.key === 'ArrowUp') step(root, event, at - 1)
  }
  const onInput = (event) => handOver(event.target, root)
  document.addEventListener('input', onInput)
  return () => document.removeEventListener('input', onInput)
}

function bar(root, data, send) {
  let top = root.querySelector('.bar')
  if (!top) {
    top = node('div', 'bar')
    const field = node('input', 'search')
    field.type = 'search'
    field.value = data.query
    top.append(field)
    root.prepend(top)
  }
  const field = top.querySelector('.search')
  field.placeholder = data.search
  field.setAttribute('aria-label', data.search)
  field.oninput = () => {
    clearTimeout(field.timer)
    field.timer = setTimeout(() => send('search', field.value), PAUSE_MS)
  }
  top.querySelector('.add')?.remove()
  if (data.add) {
    const add = node('button', 'add', data.add)
    add.type = 'button'
    add.onclick = () => send('open', 0)
    top.append(add)
  }
  return top
}

function rows(data, send) {
  if (!data.items.length) return node('p', 'empty', data.empty)
  const list = node('ul', 'rows')
  list.setAttribute('aria-label', data.title)
  list.append(...data.items.map((item) => row(item, data, send)))
  return list
}

function row(item, data, send) {
  const made = node('li')
  const button = node('button', 'row')
  button.type = 'button'
  if (item.id === data.chosen) button.setAttribute('aria-current', 'true')
  const first = node('span', 'first')
  const name = node('span', 'name', item.name)
  name.dir = 'auto'
  first.append(name, ...(item.problem ? [node('span', 'problem', item.problem)] : []))
  if (item.topic) first.append(node('span', 'topic', item.topic))
  const second = node('span', 'excerpt', item.excerpt)
  second.dir = 'auto'
  const third = node('span', 'about')
  third.append(...item.languages.map((code) => node('span', 'code', code)), node('span', 'owner', item.owner))
  button.append(first, second, third)
  button.onclick = () => send('open', item.id)
  made.append(button)
  return made
}

function links(root) {
  return [...root.querySelectorAll('button.row')]
}

function step(root, event, to) {
  event.preventDefault()
  const next = to < 0 ? root.querySelector('.search') : links(root)[to]
  next?.focus()
}

function handOver(box, root) {
  if (!(box instanceof HTMLTextAreaElement) || !box.closest('[class*="st-key-texts_box_"]')) return
  clearTimeout(root.timer)
  // The key press that means "take it" in a Streamlit text box.
  const press = { key: 'Enter', code: 'Enter', ctrlKey: true, bubbles: true, cancelable: true }
  root.timer = setTimeout(() => box.dispatchEvent(new KeyboardEvent('keydown', press)), HAND_OVER_MS)
}

function node(name, cls, text) {
  const made = document.createElement(name)
  if (cls) made.className = cls
  if (text !== undefined) made.textContent = text
  return made
}
