// Texts to answer with: saved replies or suggestions, one element however many. Words of people arrive cleaned and are
// only ever put into text nodes. Choosing another language changes what is shown here and asks nobody.

const PAUSE_MS = 250

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector('.shelf')
  const search = searchField(root, data, setTriggerValue)
  const list = data.wait ? skeleton(data) : cards(data, setTriggerValue)
  root.querySelector('.below')?.remove()
  const below = node('div', 'below')
  below.append(...[list, foot(data)].filter(Boolean))
  root.append(below)
  if (!root.dataset.shown) {
    // Whoever opens the shelf sees it, with the reply above it; later drawings move nothing.
    root.dataset.shown = 'yes'
    requestAnimationFrame(() => root.scrollIntoView({ block: 'nearest' }))
  }
  if (search) search.onkeydown = (event) => intoList(event, root)
  below.onkeydown = (event) => alongList(event, root)
  // Asked for by the browser once the page stands, so that nobody waits for it with the rest of the page.
  if (data.wait && root.dataset.asked !== data.mark) {
    root.dataset.asked = data.mark
    setTriggerValue('load', data.mark)
  }
}

function searchField(root, data, send) {
  let field = root.querySelector('.search')
  if (!data.search) {
    field?.remove()
    return null
  }
  if (!field) {
    field = node('input', 'search')
    field.type = 'search'
    field.value = data.query
    root.prepend(field)
  }
  // What somebody types here stays theirs: a drawing in between must not put older letters back.
  field.placeholder = data.search
  field.setAttribute('aria-label', data.search)
  field.oninput = () => {
    clearTimeout(field.timer)
    field.timer = setTimeout(() => send('search', field.value), PAUSE_MS)
  }
  return field
}

function cards(data, send) {
  if (!data.items.length) return node('p', 'empty', data.empty)
  const list = node('ul', 'cards')
  list.setAttribute('aria-label', data.title)
  list.append(...data.items.map((item) => card(item, data, send)))
  return list
}

function card(item, data, send) {
  const made = node('li', 'card')
  const body = node('div', 'text')
  body.dir = 'auto'
  const insert = node('button', 'insert', data.insert)
  insert.type = 'button'
  insert.setAttribute('aria-label', `${data.insert}: ${item.title}`)
  let shown = item.language
  const show = (code) => {
    shown = code
    const text = item.texts.find((one) => one.code === code)
    body.lang = code
    body.replaceChildren(...text.pieces.map(([words, gap]) => (gap ? node('mark', '', words) : words)))
    made.querySelectorAll('.language').forEach((one) => one.setAttribute('aria-pressed', String(one.dataset.code === code)))
  }
  insert.onclick = () => send('insert', { id: item.id, language: shown })
  made.append(head(item, show, insert), body)
  if (item.source) made.append(node('div', 'source', item.source))
  show(shown)
  return made
}

function head(item, show, insert) {
  const row = node('div', 'head')
  const title = node('span', 'title', item.title)
  title.dir = 'auto'
  title.title = item.title
  const languages = node('span', 'languages')
  languages.append(
    ...item.texts.map((text) => {
      if (item.texts.length < 2) return titled(node('span', 'only', text.code.toUpperCase()), text.name)
      const button = titled(node('button', 'language', text.code.toUpperCase()), text.name)
      button.type = 'button'
      button.dataset.code = text.code
      button.onclick = () => show(text.code)
      return button
    }),
  )
  row.append(title, ...(item.topic ? [node('span', 'topic', item.topic)] : []), languages, insert)
  return row
}

function skeleton(data) {
  const list = node('div', 'cards waiting')
  list.setAttribute('role', 'status')
  list.setAttribute('aria-label', data.title)
  for (let at = 0; at < 3; at += 1) {
    const made = node('div', 'card')
    made.append(node('span', 'bone short'), node('span', 'bone'))
    list.append(made)
  }
  return list
}

function foot(data) {
  return data.foot && node('p', 'foot', data.foot)
}

function inserts(root) {
  return [...root.querySelectorAll('.insert')]
}

function intoList(event, root) {
  if (event.key !== 'ArrowDown' && event.key !== 'Enter') return
  inserts(root)[0]?.focus()
  event.preventDefault()
}

function alongList(event, root) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const all = inserts(root)
  const at = all.indexOf(root.getRootNode().activeElement)
  if (!step || at < 0) return
  event.preventDefault()
  const next = all[at + step] ?? (step < 0 ? root.querySelector('.search') : null)
  next?.focus()
  next?.closest('.card')?.scrollIntoView({ block: 'nearest' })
}

function titled(made, title) {
  made.title = title
  made.setAttribute('aria-label', title)
  return made
}

function node(name, cls, text) {
  const made = document.createElement(name)
  if (cls) made.className = cls
  if (text !== undefined) made.textContent = text
  return made
}
