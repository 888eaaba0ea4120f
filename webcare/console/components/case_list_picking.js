// Part of case_list.js: picking rows, and what is done to the picked ones.

function pickOne(desk, id, range) {
  const ids = desk.data.rows.map((row) => row.id)
  const from = ids.indexOf(mine.anchor)
  const to = ids.indexOf(id)
  if (range && from >= 0) ids.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => mine.picked.add(one))
  else {
    if (!mine.picked.delete(id)) mine.picked.add(id)
    mine.anchor = id
  }
  picked(desk)
}

function pickAll(desk, on) {
  mine.picked.clear()
  if (on) desk.data.rows.forEach((row) => mine.picked.add(row.id))
  picked(desk)
}

function picked(desk) {
  desk.root.querySelector('.bar')?.remove()
  const made = bar(desk)
  if (made) desk.root.append(made)
  showPicked(desk)
}

function showPicked(desk) {
  const { root: list, data } = desk
  list.querySelectorAll('.rows > .line').forEach((made) => {
    const on = mine.picked.has(Number(made.dataset.id))
    made.classList.toggle('picked', on)
    const box = made.querySelector('.pick input')
    if (box) box.checked = on
  })
  const all = list.querySelector('input.all')
  if (!all) return
  all.checked = mine.picked.size > 0 && mine.picked.size === data.rows.length
  all.indeterminate = mine.picked.size > 0 && !all.checked
}

function bar(desk) {
  const { data, send } = desk
  const { words } = data
  const made = node('div', 'bar')
  made.setAttribute('role', 'status')
  if (mine.picked.size && data.can_work) {
    const ask = (action) => () => send('bulk', { action, ids: [...mine.picked] })
    made.append(
      node('strong', '', put(words.picked, { n: mine.picked.size })),
      act(words.assign, 'A', (event) => chooseWho(desk, event.currentTarget)),
      act(words.tag, '', ask('tag')),
      act(words.resolve, '', ask('resolve')),
      ...(data.can_send ? [act(words.answer, '', ask('answer'))] : []),
      ...(mine.picked.size < data.rows.length ? [act(words.pick_all, '', () => pickAll(desk, true), 'quiet')] : []),
      act(words.clear, 'Esc', () => pickAll(desk, false), 'quiet'),
    )
    return made
  }
  if (!data.did) return null
  made.append(node('span', '', data.did))
  if (data.can_undo) made.append(act(words.undo, 'Z', () => send('undo', true)))
  made.append(act(words.close, '', () => send('hush', true), 'quiet'))
  return made
}

function act(words, key, then, look) {
  const button = node('button', `act${look ? ` ${look}` : ''}`, words)
  if (key) button.append(node('kbd', '', key))
  button.addEventListener('click', then)
  return button
}

// --- who gets it -----------------------------------------------------------------------------------

function chooseWho(desk, beside) {
  const { data, over } = desk
  const ids = mine.picked.size ? [...mine.picked] : [Number(beside.dataset.id)]
  const menu = node('div', 'menu')
  menu.setAttribute('role', 'menu')
  menu.setAttribute('aria-label', data.words.assign_to)
  menu.popover = 'auto'
  menu.append(node('p', 'title', data.words.assign_to))
  data.people.forEach((person) => {
    const item = node('button', 'item', person.name)
    item.setAttribute('role', 'menuitem')
    if (person.note) item.append(node('small', '', person.note))
    item.addEventListener('click', () => {
      menu.hidePopover()
      desk.send('assign', { ids, to: person.id })
    })
    menu.append(item)
  })
  // Its place in the page may be drawn anew while it is open; the menu itself stands apart from the list.
  menu.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return
    menu.remove()
    ;(beside.isConnected ? beside : rowLink(desk, mine.last))?.focus({ preventScroll: true })
  })
  menu.addEventListener('keydown', (event) => walkMenu(event, menu))
  over.replaceChildren(menu)
  menu.showPopover()
  placeAt(menu, beside.getBoundingClientRect())
  menu.querySelector('.item')?.focus()
}

function walkMenu(event, menu) {
  const items = [...menu.querySelectorAll('.item')]
  const at = items.indexOf(menu.getRootNode().activeElement)
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -items.length, End: items.length }[event.key]
  if (step) {
    items[Math.min(Math.max(at + step, 0), items.length - 1)].focus()
    event.preventDefault()
  } else if (event.key.length === 1 && /\p{L}/u.test(event.key)) {
    const letter = event.key.toLowerCase()
    const named = [...items.slice(at + 1), ...items.slice(0, at + 1)]
    named.find((item) => item.textContent.toLowerCase().startsWith(letter))?.focus()
  }
}

function placeAt(menu, beside) {
  const left = Math.min(beside.left + 40, window.innerWidth - menu.offsetWidth - 12)
  const below = window.innerHeight - beside.bottom - 12
  const top = below >= menu.offsetHeight ? beside.bottom + 4 : Math.max(12, beside.top - menu.offsetHeight - 4)
  menu.style.left = `${Math.max(12, left)}px`
  menu.style.top = `${top}px`
}
