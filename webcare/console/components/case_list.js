// The list of cases: one element however many rows. Text of customers arrives cleaned and is only ever put into
// text nodes. The clock of each row runs here, so that nothing is sent again just because time passes.

const WARN_FROM = 0.8 // share of the target after which a clock turns orange
const TICK_MS = 10000

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector('.list')
  const skew = Date.parse(data.now) - Date.now()
  root.replaceChildren(...[pill(data, setTriggerValue), table(data, setTriggerValue), foot(data, setTriggerValue)].filter(Boolean))
  restoreFocus(root)
  const fit = () => fitToScreen(root)
  fit()
  window.addEventListener('resize', fit)
  const tick = () => root.querySelectorAll('[data-by], [data-at]').forEach((node) => showTime(node, Date.now() + skew))
  tick()
  const timer = setInterval(tick, TICK_MS)
  const onKey = (event) => moveByKey(event, root)
  document.addEventListener('keydown', onKey)
  return () => {
    clearInterval(timer)
    window.removeEventListener('resize', fit)
    document.removeEventListener('keydown', onKey)
  }
}

let focused = null

function table(data, send) {
  if (!data.rows.length) return node('p', 'empty', data.empty)
  const list = node('div', 'table')
  list.setAttribute('role', 'list')
  list.setAttribute('aria-label', data.title)
  list.append(head(), ...data.rows.map((row) => line(row, send)))
  return list
}

function head() {
  const names = ['', 'Answer by', 'Urgency', 'Customer and message', 'Topic', 'Mood', '', 'Age', 'With']
  const row = node('div', 'row head')
  row.setAttribute('aria-hidden', 'true')
  row.append(...names.map((name) => node('span', '', name)))
  return row
}

function line(row, send) {
  const link = node('a', `row urgency-${row.urgency}${row.gone ? ' gone' : ''}`)
  link.href = `/case?case=${Number(row.id)}`
  link.dataset.id = row.id
  link.setAttribute('role', 'listitem')
  link.append(
    titled(node('span', `net net-${row.channel}`, row.mark), row.network),
    clock(row),
    node('span', 'urgency', row.urgency_word),
    message(row),
    node('span', 'topic', row.topic),
    node('span', `mood mood-${row.sentiment}`, row.sentiment_word),
    titled(node('span', 'lang', row.language), row.language_word),
    timed(node('span', 'age'), 'at', row.at),
    node('span', row.assignee ? 'who' : 'who nobody', row.gone || row.assignee || 'Nobody yet'),
  )
  link.addEventListener('focus', () => (focused = row.id))
  link.addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    send('open', Number(row.id))
  })
  return link
}

function message(row) {
  const cell = node('span', 'message')
  const customer = node('bdi', 'name', row.customer)
  const words = node('span', 'excerpt')
  words.append(...row.pieces.map(([text, hit]) => (hit ? node('mark', '', text) : text)))
  words.dir = 'auto'
  const first = node('span', 'first')
  first.append(customer, ...(row.handle ? [node('bdi', 'handle', row.handle)] : []), ...row.tags.map((tag) => node('span', 'tag', tag)))
  cell.append(first, words)
  return cell
}

function clock(row) {
  const cell = node('span', 'clock')
  if (!row.by) return cell
  cell.dataset.from = row.from
  return timed(cell, 'by', row.by)
}

function showTime(cell, now) {
  if (cell.dataset.at) {
    cell.textContent = span(now - Date.parse(cell.dataset.at))
    return
  }
  const by = Date.parse(cell.dataset.by)
  const from = Date.parse(cell.dataset.from)
  const used = (now - from) / Math.max(by - from, 1)
  cell.className = `clock ${used >= 1 ? 'late' : used >= WARN_FROM ? 'soon' : 'fine'}`
  cell.textContent = used >= 1 ? `${span(now - by)} late` : span(by - now)
}

function span(ms) {
  const minutes = Math.floor(Math.max(ms, 0) / 60000)
  if (minutes < 1) return '< 1 min'
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} m` : `${hours} h`
  return `${Math.floor(hours / 24)} d`
}

function pill(data, send) {
  if (!data.fresh) return null
  const button = node('button', `pill${data.fresh_critical ? ' critical' : ''}`, data.fresh)
  button.addEventListener('click', () => send('refresh', true))
  return button
}

function foot(data, send) {
  if (!data.back && !data.more) return null
  const bar = node('div', 'foot')
  bar.append(turn('‹ Previous', data.back, () => send('turn', 'back')), node('span', '', data.page), turn('Next ›', data.more, () => send('turn', 'next')))
  return bar
}

function turn(words, possible, act) {
  const button = node('button', 'turn', words)
  button.disabled = !possible
  button.addEventListener('click', act)
  return button
}

function moveByKey(event, root) {
  const typing = event.composedPath().some((n) => n.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(n.tagName || ''))
  if (typing || event.metaKey || event.ctrlKey || event.altKey) return
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key]
  const active = root.getRootNode().activeElement
  const inside = active && root.contains(active)
  if (!step || (event.key.startsWith('Arrow') && !inside)) return
  const links = [...root.querySelectorAll('a.row')]
  const at = links.indexOf(active)
  const next = links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]
  if (next) {
    next.focus()
    event.preventDefault()
  }
}

function fitToScreen(root) {
  // The rest of the page may grow a banner; the list takes what is left, so that only one thing scrolls.
  const list = root.querySelector('.table')
  if (!list) return
  const below = root.querySelector('.foot') ? 62 : 22
  list.style.maxHeight = `${Math.max(260, window.innerHeight - root.getBoundingClientRect().top - window.scrollY - below)}px`
}

function restoreFocus(root) {
  // A refresh replaces the rows; whoever stood on one with the keyboard stays there.
  if (focused === null || document.activeElement !== root.getRootNode().host) return
  root.querySelector(`a.row[data-id="${Number(focused)}"]`)?.focus({ preventScroll: true })
}

function node(name, cls, text) {
  const made = document.createElement(name)
  if (cls) made.className = cls
  if (text !== undefined) made.textContent = text
  return made
}

function titled(made, title) {
  made.title = title
  made.setAttribute('aria-label', title)
  return made
}

function timed(made, kind, when) {
  made.dataset[kind] = when
  return made
}
