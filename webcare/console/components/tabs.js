// The queues as tabs with what waits in each, and the menu of saved views. Names of views are colleagues' words: they
// arrive cleaned and are only ever put into text nodes.

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector('.tabs')
  const desk = { data, root, over: parentElement.querySelector('.over'), send: setTriggerValue }
  const active = root.getRootNode().activeElement
  const stood = active && root.contains(active) ? active.dataset.queue || 'views' : null
  root.setAttribute('aria-label', data.words.queues)
  root.replaceChildren(...data.tabs.map((tab) => tabOf(tab, desk)), viewsButton(desk))
  if (stood) root.querySelector(stood === 'views' ? '.views' : `[data-queue="${stood}"]`)?.focus({ preventScroll: true })
}

function tabOf(tab, desk) {
  const made = node('button', 'tab')
  made.dataset.queue = tab.key
  if (tab.chosen) made.setAttribute('aria-current', 'page')
  const count = node('span', tab.late ? 'count late' : 'count', tab.count)
  if (tab.late) count.title = tab.late
  made.append(tab.name, count)
  made.addEventListener('click', () => {
    // What was clicked looks clicked at once; the list follows when the desk has answered.
    desk.root.querySelector('[aria-current]')?.classList.add('left')
    made.classList.add('going')
    desk.send('queue', tab.key)
  })
  return made
}

function viewsButton(desk) {
  const { words, view } = desk.data
  const made = node('button', `tab views${view ? ' going' : ''}`, view || words.views)
  made.setAttribute('aria-haspopup', 'dialog')
  made.append(node('span', 'arrow'))
  made.addEventListener('click', () => openViews(desk, made))
  return made
}

function openViews(desk, button) {
  const { words, views } = desk.data
  const box = node('div', 'panel')
  box.popover = 'auto'
  box.setAttribute('role', 'dialog')
  box.setAttribute('aria-label', words.views)
  for (const [title, shared] of [[words.own, false], [words.shared, true]]) {
    const some = views.filter((view) => view.shared === shared)
    if (!some.length) continue
    box.append(node('p', 'title', title), ...some.map((view) => viewLine(view, desk, box)))
  }
  if (!views.length) box.append(node('p', 'none', words.none))
  box.append(saveForm(desk, box))
  box.addEventListener('toggle', (event) => event.newState === 'closed' && box.remove())
  desk.over.replaceChildren(box)
  box.showPopover()
  const at = button.getBoundingClientRect()
  box.style.left = `${Math.max(12, Math.min(at.left, window.innerWidth - box.offsetWidth - 12))}px`
  box.style.top = `${at.bottom + 4}px`
  box.querySelector('button, input')?.focus()
}

function viewLine(view, desk, box) {
  const { words } = desk.data
  const made = node('div', 'view')
  const open = node('button', 'open', view.name)
  if (view.chosen) open.setAttribute('aria-current', 'true')
  open.addEventListener('click', () => finish(box, () => desk.send('view', view.id)))
  made.append(open)
  if (!view.mine) return made
  made.append(
    small(words.rename, '✎', view.name, () => made.replaceChildren(...renameForm(view, desk, box))),
    small(words.delete, '✕', view.name, () => finish(box, () => desk.send('delete', view.id))),
  )
  return made
}

function renameForm(view, desk, box) {
  const { words } = desk.data
  const field = input(words.name, view.name)
  const save = node('button', 'save', words.rename)
  const act = () => field.value.trim() && finish(box, () => desk.send('rename', { id: view.id, name: field.value }))
  save.addEventListener('click', act)
  field.addEventListener('keydown', (event) => event.key === 'Enter' && act())
  setTimeout(() => field.select())
  return [field, save]
}

function saveForm(desk, box) {
  const { words, can_share: sharing } = desk.data
  const form = node('div', 'form')
  const field = input(words.name, '')
  const save = node('button', 'save', words.save)
  form.append(node('p', 'title', words.save_this), field, save)
  let shared = null
  if (sharing) {
    const label = node('label', 'share')
    shared = node('input')
    shared.type = 'checkbox'
    label.append(shared, words.for_all)
    form.append(label)
  }
  const act = () =>
    field.value.trim() && finish(box, () => desk.send('save', { name: field.value, shared: Boolean(shared && shared.checked) }))
  save.addEventListener('click', act)
  field.addEventListener('keydown', (event) => event.key === 'Enter' && act())
  return form
}

function finish(box, act) {
  box.hidePopover()
  act()
}

function input(label, value) {
  const made = node('input', 'field')
  made.type = 'text'
  made.maxLength = 60
  made.value = value
  made.placeholder = label
  made.setAttribute('aria-label', label)
  return made
}

function small(label, sign, name, act) {
  const made = node('button', 'small', sign)
  made.title = label
  made.setAttribute('aria-label', `${label}: ${name}`)
  made.addEventListener('click', act)
  return made
}

function node(name, cls, text) {
  const made = document.createElement(name)
  if (cls) made.className = cls
  if (text !== undefined) made.textContent = text
  return made
}
