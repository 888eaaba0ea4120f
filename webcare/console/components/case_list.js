// The list of cases: one element however many rows. Text of customers arrives cleaned and is only ever put into
// text nodes. The clock of each row runs here, so that nothing is sent again just because time passes. A row that did
// not change is left alone when new data comes, so that focus, scrolling and what one points at stay where they are.

const WARN_FROM = 0.8 // share of the target after which a clock turns orange
const TICK_MS = 10000
const CHANNELS = ['x', 'facebook', 'instagram', 'mastodon', 'bluesky']

// What one person has picked and where they stand; it outlives a visit to a case.
const mine = { place: null, cleared: 0, picked: new Set(), anchor: null, last: null }

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector('.list')
  const desk = { data, root, over: parentElement.querySelector('.over'), send: setTriggerValue, skew: Date.parse(data.now) - Date.now() }
  if (mine.place !== data.place || mine.cleared !== data.cleared) {
    mine.picked.clear()
    mine.anchor = null
    mine.place = data.place
    mine.cleared = data.cleared
  }
  const here = new Set(data.rows.map((row) => row.id))
  mine.picked.forEach((id) => here.has(id) || mine.picked.delete(id))
  root.desk = desk
  // Windows over the page stand outside of what Streamlit gives its colours; ours have to know whether it is dark.
  document.documentElement.style.colorScheme = getComputedStyle(document.querySelector('.stApp') || root).colorScheme
  root.className = `list${data.compact ? ' compact' : ''}${data.can_work ? ' picking' : ''}`
  draw(desk)
  const fit = () => fitToScreen(desk)
  fit()
  const tick = () => root.querySelectorAll('[data-by], [data-at], [data-solve]').forEach((cell) => showTime(cell, Date.now() + desk.skew, data.words))
  tick()
  const timer = setInterval(tick, TICK_MS)
  const onKey = (event) => byKey(event, desk)
  window.addEventListener('resize', fit)
  // Before anybody else: Streamlit takes some letters for itself.
  document.addEventListener('keydown', onKey, true)
  return () => {
    clearInterval(timer)
    window.removeEventListener('resize', fit)
    document.removeEventListener('keydown', onKey, true)
  }
}

// --- drawing ---------------------------------------------------------------------------------------

function draw(desk) {
  const { root, data } = desk
  let table = root.querySelector('.table')
  if (!data.rows.length || data.error || !table) {
    root.replaceChildren()
    table = null
  }
  root.querySelectorAll('.pill, .foot, .bar').forEach((part) => part.remove())
  if (data.error) root.append(trouble(desk))
  else if (!data.rows.length) root.append(nothing(data))
  else {
    if (!table) {
      table = node('div', 'table')
      table.append(head(desk), rowsOf(data))
      root.append(table)
    }
    fill(table.querySelector('.rows'), desk)
  }
  root.append(...[pill(desk), bar(desk), foot(desk)].filter(Boolean))
  showPicked(desk)
}

function rowsOf(data) {
  const rows = node('div', 'rows')
  rows.setAttribute('role', 'list')
  rows.setAttribute('aria-label', data.title)
  return rows
}

function fill(rows, desk) {
  rows.setAttribute('aria-label', desk.data.title)
  const old = new Map([...rows.children].map((made) => [made.dataset.id, made]))
  desk.data.rows.forEach((row, place) => {
    const said = JSON.stringify(row)
    let made = old.get(String(row.id))
    old.delete(String(row.id))
    if (!made || made.said !== said) {
      const fresh = line(row, desk)
      fresh.said = said
      const stood = made && made.contains(rows.getRootNode().activeElement)
      if (made) made.replaceWith(fresh)
      made = fresh
      if (stood) made.querySelector('a.row').focus({ preventScroll: true })
    }
    if (rows.children[place] !== made) rows.insertBefore(made, rows.children[place] || null)
  })
  old.forEach((made) => made.remove())
}

function head(desk) {
  const { words, can_work: picking } = desk.data
  const outer = node('div', 'line head')
  if (picking) {
    const all = checkbox(words.pick_all, () => pickAll(deskOf(outer), all.firstChild.checked))
    all.firstChild.className = 'all'
    outer.append(all)
  }
  const row = node('div', 'row')
  row.setAttribute('aria-hidden', 'true')
  const [by, urgency, message, topic, mood, age, who] = words.heads
  const when = node('span', 'when')
  when.append(node('span', '', by), node('span', 'urgency', urgency))
  const meta = node('span', 'meta')
  meta.append(node('span', '', topic), node('span', '', mood), node('span', '', ''), node('span', '', age))
  row.append(node('span', '', ''), when, node('span', '', message), meta, node('span', '', who))
  outer.append(row)
  return outer
}

function line(row, desk) {
  const outer = node('div', `line urgency-${row.urgency}${row.gone ? ' gone' : ''}`)
  outer.dataset.id = row.id
  outer.setAttribute('role', 'listitem')
  if (desk.data.can_work) {
    const pick = checkbox(`${desk.data.words.pick} ${row.customer}`, (event) => pickOne(deskOf(outer), row.id, event.shiftKey))
    pick.firstChild.tabIndex = -1
    outer.append(pick)
  }
  const link = node('a', 'row')
  link.href = `/case?case=${Number(row.id)}`
  link.dataset.id = row.id
  const when = node('span', 'when')
  when.append(clock(row), node('span', 'urgency', row.urgency_word))
  const meta = node('span', 'meta')
  meta.append(
    node('span', 'topic', row.topic),
    node('span', `mood mood-${row.sentiment}`, row.sentiment_word),
    titled(node('span', 'lang', row.language), row.language_word),
    timed(node('span', 'age'), 'at', row.at),
  )
  const net = CHANNELS.includes(row.channel) ? row.channel : 'other'
  link.append(titled(node('span', `net net-${net}`, row.mark), row.network), when, message(row), meta, who(row, desk))
  link.addEventListener('focus', () => (mine.last = row.id))
  link.addEventListener('click', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return
    event.preventDefault()
    const now = deskOf(link)
    if (event.shiftKey && now.data.can_work) pickOne(now, row.id, true)
    else open(now, row.id, '')
  })
  outer.append(link)
  return outer
}

// A row outlives the data it was made with; what it does, it does with the newest.
function deskOf(inside) {
  return inside.closest('.list').desk
}

function message(row) {
  const cell = node('span', 'message')
  const words = node('span', 'excerpt')
  words.append(...row.pieces.map(([text, hit]) => (hit ? node('mark', '', text) : text)))
  words.dir = 'auto'
  const first = node('span', 'first')
  first.append(
    node('bdi', 'name', row.customer),
    ...(row.handle ? [node('bdi', 'handle', row.handle)] : []),
    ...row.tags.map((tag) => node('span', 'tag', tag)),
    ...row.labels.map((tag) => node('bdi', 'tag label', tag)),
    ...(row.solve ? [solution(row)] : []),
  )
  cell.append(first, words)
  return cell
}

function who(row, desk) {
  const cell = node('span', 'who')
  cell.append(node('bdi', row.assignee || row.gone ? 'holder' : 'holder nobody', row.gone || row.assignee || desk.data.words.nobody))
  if (row.lookers.length) {
    const told = row.lookers.map((one) => one.told).join(', ')
    const typing = row.lookers.some((one) => one.typing)
    const short = row.lookers.length > 1 ? put(desk.data.words.lookers, { n: row.lookers.length }) : row.lookers[0].short
    cell.append(titled(node('bdi', `looker${typing ? ' typing' : ''}`, short), told))
  }
  return cell
}

function clock(row) {
  const cell = node('span', 'clock')
  if (!row.by) return cell
  cell.dataset.from = row.from
  return timed(cell, 'by', row.by)
}

// An answer is not the solution. Two clocks side by side would be read as one, so that of the solution is a small sign
// that shows where it presses: near, past, or due before the answer.
function solution(row) {
  const cell = node('span', 'tag solve')
  cell.dataset.near = row.solve_near
  cell.dataset.answer = row.by
  return timed(cell, 'solve', row.solve)
}

function showSolution(cell, now, words) {
  const by = Date.parse(cell.dataset.solve)
  const late = now >= by
  const near = late || now >= Date.parse(cell.dataset.near)
  cell.hidden = !near && !(by < Date.parse(cell.dataset.answer))
  cell.className = `tag solve ${late ? 'late' : near ? 'soon' : 'fine'}`
  cell.textContent = put(late ? words.solve_late : words.solve, { span: span(Math.abs(by - now), words) })
}

function showTime(cell, now, words) {
  if (cell.dataset.solve) {
    showSolution(cell, now, words)
    return
  }
  if (cell.dataset.at) {
    cell.textContent = span(now - Date.parse(cell.dataset.at), words)
    return
  }
  const by = Date.parse(cell.dataset.by)
  const from = Date.parse(cell.dataset.from)
  const used = (now - from) / Math.max(by - from, 1)
  cell.className = `clock ${used >= 1 ? 'late' : used >= WARN_FROM ? 'soon' : 'fine'}`
  cell.textContent = used >= 1 ? put(words.late, { span: span(now - by, words) }) : span(by - now, words)
}

function span(ms, words) {
  const minutes = Math.floor(Math.max(ms, 0) / 60000)
  if (minutes < 1) return words.moment
  if (minutes < 60) return put(words.minutes, { n: minutes })
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 && hours < 10 ? put(words.hours_minutes, { h: hours, m: minutes % 60 }) : put(words.hours, { n: hours })
  return put(words.days, { n: Math.floor(hours / 24) })
}

function put(template, values) {
  return template.replace(/\{(\w+)\}/g, (gap, name) => (name in values ? values[name] : gap))
}

function pill(desk) {
  const { data, send } = desk
  if (!data.fresh) return null
  const button = node('button', `pill${data.fresh_critical ? ' critical' : ''}`, data.fresh)
  button.addEventListener('click', () => {
    button.disabled = true
    send('refresh', true)
  })
  return button
}

function nothing(data) {
  const made = node('div', 'empty', data.empty)
  if (!(data.elsewhere || []).length) return made
  made.append('\n', data.elsewhere_told)
  for (const place of data.elsewhere) {
    const link = node('a', 'elsewhere', place.text)
    link.href = place.href
    link.target = '_self'
    made.append(' ', link)
  }
  return made
}

function trouble(desk) {
  const box = node('div', 'empty bad', desk.data.error)
  box.setAttribute('role', 'alert')
  const again = node('button', 'turn', desk.data.words.again)
  again.addEventListener('click', () => desk.send('refresh', true))
  box.append(node('br'), again)
  return box
}

function foot(desk) {
  const { data, send } = desk
  if (data.error || (!data.back && !data.more)) return null
  const made = node('div', 'foot')
  const turn = (words, possible, way) => {
    const button = node('button', 'turn', words)
    button.disabled = !possible
    button.addEventListener('click', () => {
      desk.root.classList.add('busy')
      send('turn', way)
    })
    return button
  }
  made.append(turn(data.words.previous, data.back, 'back'), node('span', '', data.page), turn(data.words.next, data.more, 'next'))
  return made
}

// --- pieces ------------------------------------------------------------------------------------------

function fitToScreen(desk) {
  // The rest of the page may grow a banner; the list takes what is left, so that only one thing scrolls.
  const list = desk.root.querySelector('.table')
  if (!list) return
  const below = desk.root.querySelector('.foot') ? 62 : 22
  list.style.maxHeight = `${Math.max(260, window.innerHeight - desk.root.getBoundingClientRect().top - window.scrollY - below)}px`
}

function checkbox(words, then) {
  const made = node('label', 'pick')
  const box = node('input')
  box.type = 'checkbox'
  box.setAttribute('aria-label', words)
  box.addEventListener('click', then)
  made.append(box)
  return made
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
