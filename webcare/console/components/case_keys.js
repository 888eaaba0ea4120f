// The keys of the case page, and links to other cases. A key presses the button that stands on the page; nothing
// happens while somebody types. Every word comes from the desk and is only ever put into text nodes.

const WAIT_MS = 4000
const answered = new Set() // places asked for in the address, each gone to once

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const dialog = parentElement.querySelector('dialog')
  fill(dialog, data)
  const keys = {
    n: () => focusIn(`.st-key-note_${data.case}`, 'textarea'),
    r: () => focusIn(`.st-key-reply_${data.case}`, 'textarea'),
    e: () => (document.querySelector('.st-key-wc_handover textarea') ? focusIn('.st-key-wc_handover', 'textarea') : openMenu(`.st-key-pass_menu_${data.case}`, 'textarea')),
    a: () => openMenu(`.st-key-assign_menu_${data.case}`, 'input'),
    z: () => press('[class*="st-key-undo_"]:not([class*="st-key-undo_step"])') || setTriggerValue('undo', data.case),
    j: () => go(data.next),
    k: () => go(data.before),
    u: () => press('.st-key-back'),
    '?': () => dialog.showModal(),
  }
  const go = (id) => (id ? setTriggerValue('open', id) : say(parentElement, data.no_more))
  const onKey = (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : '']
    if (!act || event.repeat || event.metaKey || event.ctrlKey || event.altKey || isTyping(event) || dialog.open) return
    // Streamlit has letters of its own, which must not act too.
    event.preventDefault()
    event.stopPropagation()
    act()
  }
  const onClick = (event) => {
    const link = event.target instanceof Element && event.target.closest('a[data-case]')
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    setTriggerValue('open', Number(link.dataset.case))
  }
  window.addEventListener('keydown', onKey, true)
  document.addEventListener('click', onClick)
  document.documentElement.dataset.caseKeys = data.case
  goTo(data, keys)
  return () => {
    window.removeEventListener('keydown', onKey, true)
    document.removeEventListener('click', onClick)
  }
}

function isTyping(event) {
  return event.composedPath().some((node) => node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName || ''))
}

function goTo(data, keys) {
  const [place, turn] = data.focus
  const act = { note: keys.n, reply: keys.r, handover: keys.e, assign: keys.a }[place]
  const asking = `${data.case}/${turn}`
  if (!act || answered.has(asking)) return
  answered.add(asking)
  act()
}

function soon(find, act) {
  // What is looked for may be drawn a moment later.
  const until = Date.now() + WAIT_MS
  const look = () => {
    const found = find()
    if (found) act(found)
    else if (Date.now() < until) setTimeout(look, 60)
  }
  look()
}

function focusIn(place, kind) {
  soon(
    () => document.querySelector(`${place} ${kind}`),
    (box) => {
      box.focus()
      box.scrollIntoView({ block: 'nearest' })
    },
  )
}

function openMenu(place, kind) {
  const isOpen = () => document.querySelector(`[data-testid="stPopoverBody"] ${kind}`)
  soon(
    () => document.querySelector(`${place} button`),
    (button) => {
      if (!isOpen()) button.click()
      soon(isOpen, (box) => box.focus())
    },
  )
}

function press(place) {
  const button = document.querySelector(`${place} button:not(:disabled)`)
  button?.click()
  return Boolean(button)
}

function say(root, words) {
  const line = root.querySelector('.said')
  line.textContent = words
  clearTimeout(Number(line.dataset.timer))
  line.dataset.timer = setTimeout(() => (line.textContent = ''), WAIT_MS)
}

function fill(dialog, data) {
  const list = document.createElement('dl')
  for (const [key, words] of data.help) {
    const name = document.createElement('dt')
    const kbd = document.createElement('kbd')
    kbd.textContent = key
    name.append(kbd)
    const said = document.createElement('dd')
    said.textContent = words
    list.append(name, said)
  }
  const title = document.createElement('h2')
  title.textContent = data.title
  const close = document.createElement('button')
  close.textContent = data.close
  close.addEventListener('click', () => dialog.close())
  dialog.setAttribute('aria-label', data.title)
  dialog.replaceChildren(title, list, close)
}
