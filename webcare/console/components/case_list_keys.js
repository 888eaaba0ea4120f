// Part of case_list.js: the list by keyboard, and the page that tells its keys.

function byKey(event, desk) {
  const over = desk.over.querySelector('.menu, dialog[open]')
  if (over || event.metaKey || event.ctrlKey || event.altKey || isTyping(event) || document.querySelector('[role="dialog"]')) {
    // The letters belong to the menu then, and not to Streamlit either.
    if (over && event.key.length === 1 && !event.ctrlKey && !event.metaKey) event.stopImmediatePropagation()
    if (over && event.key.length === 1) over.matches('.menu') && walkMenu(event, over)
    return
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  const active = rowOf(desk)
  const does = KEYS[key]
  if (!does || (key.startsWith('Arrow') && !active)) return
  if (does(desk, active, event) === false) return
  event.preventDefault()
  event.stopImmediatePropagation()
}

const KEYS = {
  j: (desk) => walk(desk, 1),
  k: (desk) => walk(desk, -1),
  ArrowDown: (desk) => walk(desk, 1),
  ArrowUp: (desk) => walk(desk, -1),
  x: (desk, active, event) => desk.data.can_work && active && pickOne(desk, Number(active.dataset.id), event.shiftKey),
  a: (desk, active) => {
    const beside = active || (mine.picked.size ? desk.root.querySelector('.bar .act') : null)
    if (desk.data.can_work && beside) chooseWho(desk, beside)
  },
  n: (desk, active) => active && open(desk, Number(active.dataset.id), 'note'),
  r: (desk, active) => active && open(desk, Number(active.dataset.id), 'reply'),
  e: (desk, active) => active && open(desk, Number(active.dataset.id), 'handover'),
  z: (desk) => desk.data.can_undo && desk.send('undo', true),
  '/': () => document.querySelector('.st-key-q input')?.focus(),
  '?': (desk) => help(desk),
  Escape: (desk) => (mine.picked.size ? pickAll(desk, false) : false),
}

function isTyping(event) {
  return event.composedPath().some((n) => {
    if (n.isContentEditable || n.tagName === 'TEXTAREA' || n.tagName === 'SELECT') return true
    return n.tagName === 'INPUT' && !['checkbox', 'radio', 'button'].includes(n.type)
  })
}

function rowOf(desk) {
  const active = desk.root.getRootNode().activeElement
  return active && desk.root.contains(active) ? active.closest('.line')?.querySelector('a.row') || null : null
}

function rowLink(desk, id) {
  return desk.root.querySelector(`a.row[data-id="${Number(id)}"]`)
}

function walk(desk, step) {
  const links = [...desk.root.querySelectorAll('a.row')]
  const active = rowOf(desk)
  const at = links.indexOf(active || rowLink(desk, mine.last))
  const next = active ? links[Math.min(Math.max(at + step, 0), links.length - 1)] : links[Math.max(at, 0)]
  next?.focus()
}

function open(desk, id, what) {
  mine.last = id
  desk.root.classList.add('busy')
  desk.send('open', { id: Number(id), do: what })
}

function help(desk) {
  const { words } = desk.data
  const box = node('dialog', 'help')
  box.setAttribute('aria-label', words.help)
  const keys = node('dl')
  words.keys.forEach(([names, told]) => {
    const term = node('dt')
    names.forEach((name) => term.append(node('kbd', '', name)))
    keys.append(term, node('dd', '', told))
  })
  const close = node('button', 'turn', words.close)
  close.addEventListener('click', () => box.close())
  box.append(node('h2', '', words.help), keys, close)
  box.addEventListener('close', () => {
    box.remove()
    rowLink(desk, mine.last)?.focus({ preventScroll: true })
  })
  box.addEventListener('click', (event) => event.target === box && box.close())
  desk.over.replaceChildren(box)
  box.showModal()
}
