// Streamlit hands a text over when its box loses the focus. A desk must not lose half an answer, so this hands it over
// while somebody types, at most once a second, by the key press that means just that in a Streamlit text box
// (Ctrl+Enter). Until the server says that it has the words, this tab's own storage has them, for a refresh, a crash of
// the server or a sign-in that ended; they are gone with the tab, and nobody else who signs in gets to see them.

const EVERY_MS = 1000 // between two hand-overs
const FIRST_MS = 400 // after the first letter
const PREFIX = 'webcare.typed.'
const LONGEST_PASTE = 10000
const TOLD_MS = 300 // by then Streamlit has put a new text into the box, or never will
const LOOK_MS = 30
const SENT = 5 // texts handed over and not yet answered for that are remembered

const known = new Map() // per box: what must outlive one drawing of it

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const isNew = !known.has(data.key)
  const state = known.get(data.key) ?? { timer: null, handed: 0, sent: [], asked: '', mark: data.focus?.mark ?? null, replaced: data.replaced?.mark ?? null }
  known.set(data.key, state)
  state.sent = state.sent.slice(state.sent.lastIndexOf(data.saved) + 1)
  forgetOthers(data.person)
  const store = { name: `${PREFIX}${data.person}.${data.key}` }
  settle(store, data, state, setTriggerValue)
  show(parentElement, data)
  moveFocus(data, state)
  lookWhetherTold(data, state, setTriggerValue)

  const onInput = (event) => {
    const box = event.target
    if (!isBox(box, data.key)) return
    // What was handed over and not yet answered for may be what the server has.
    write(store, { text: box.value, seen: [data.saved, ...state.sent], window: data.window })
    show(parentElement, data)
    if (event.isComposing) return
    // What is pasted or dropped is looked at at once.
    handSoon(box, state, (event.inputType || '').startsWith('insertFrom') ? 0 : FIRST_MS)
  }
  const onPaste = (event) => {
    const text = event.clipboardData?.getData('text/plain') ?? ''
    if (isBox(event.target, data.key) && text.trim()) setTriggerValue('pasted', text.slice(0, LONGEST_PASTE))
  }
  const onComposed = (event) => isBox(event.target, data.key) && handSoon(event.target, state, FIRST_MS)
  const onKey = (event) => byKey(event, data)
  const listeners = { input: onInput, paste: onPaste, compositionend: onComposed, keydown: onKey }
  for (const [name, listener] of Object.entries(listeners)) document.addEventListener(name, listener)
  // Streamlit may put the box on the screen some time before it has fetched this file.
  if (isNew) typedBefore(data, state, store)
  return () => {
    for (const [name, listener] of Object.entries(listeners)) document.removeEventListener(name, listener)
  }
}

function typedBefore(data, state, store) {
  const box = boxOf(data.key)
  if (!box || box !== document.activeElement || box.value === data.saved) return
  write(store, { text: box.value, seen: [data.saved], window: data.window })
  handSoon(box, state, FIRST_MS)
}

function boxOf(key) {
  return document.querySelector(`.st-key-${CSS.escape(key)} textarea`)
}

function isBox(node, key) {
  return node instanceof HTMLTextAreaElement && node.closest(`.st-key-${CSS.escape(key)}`) !== null
}

function handSoon(box, state, soon) {
  if (state.timer !== null && soon) return
  clearTimeout(state.timer)
  const wait = soon ? Math.max(soon, state.handed + EVERY_MS - Date.now()) : 0
  state.timer = setTimeout(() => {
    state.timer = null
    state.handed = Date.now()
    state.sent = [...state.sent, box.value].slice(-SENT)
    hand(box)
  }, wait)
}

function hand(box) {
  box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', ctrlKey: true, bubbles: true, cancelable: true }))
}

function settle(store, data, state, send) {
  const left = read(store)
  if (left === null) return
  if (left.text === data.saved || left.text === data.found) {
    drop(store)
  } else if (left.window !== data.window && state.asked !== data.window) {
    // Typed into a window the server no longer knows.
    state.asked = data.window
    send('found', { text: left.text, seen: left.seen })
  }
}

function lookWhetherTold(data, state, send) {
  const wish = data.replaced
  if (!wish || state.replaced === wish.mark) return
  state.replaced = wish.mark
  const until = Date.now() + TOLD_MS
  const look = () => {
    const box = boxOf(data.key)
    // Once another text stood there, or was wished for, the old one may stand there again with good reason.
    if (state.replaced !== wish.mark || !box || box.value !== wish.was || wish.was === wish.by) return
    if (Date.now() < until) setTimeout(look, LOOK_MS)
    else send('untold', wish.mark)
  }
  look()
}

function show(parent, data) {
  const box = boxOf(data.key)
  const kept = box !== null && box.value.trim() !== '' && box.value === data.saved
  parent.querySelector('.kept').textContent = kept ? `✓ ${data.kept}` : ''
}

function byKey(event, data) {
  // Only what a person pressed: our own key press must never send anything.
  if (!event.isTrusted || event.isComposing || event.repeat) return
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && data.send && isBox(event.target, data.key)) {
    event.preventDefault()
    press(data.send)
  } else if (event.key === 'Escape' && data.give_up && event.target.closest?.('.st-key-wc_reply')) {
    press(data.give_up)
  }
}

function press(key) {
  // Leaving the box first hands its last letters over, as a click with the mouse does.
  const button = document.querySelector(`.st-key-${CSS.escape(key)} button`)
  button?.focus()
  button?.click()
}

function moveFocus(data, state) {
  const wish = data.focus
  if (!wish || state.mark === wish.mark) return
  state.mark = wish.mark
  const until = Date.now() + 3000
  const look = () => {
    const found = document.querySelector(`.st-key-${CSS.escape(wish.key)}`)?.querySelector('textarea, button')
    if (!found && Date.now() < until) return setTimeout(look, 50)
    // Whoever went on typing is not taken away from it.
    if (found && !document.activeElement?.matches('textarea, input')) found.focus()
  }
  look()
}

function read(store) {
  try {
    return JSON.parse(sessionStorage.getItem(store.name))
  } catch {
    return null
  }
}

function write(store, value) {
  try {
    sessionStorage.setItem(store.name, JSON.stringify(value))
  } catch (error) {
    console.warn(`this browser keeps nothing: ${error.name}`)
  }
}

function drop(store) {
  sessionStorage.removeItem(store.name)
}

function forgetOthers(person) {
  const names = Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX) && !name.startsWith(`${PREFIX}${person}.`))
  for (const name of names) sessionStorage.removeItem(name)
}
