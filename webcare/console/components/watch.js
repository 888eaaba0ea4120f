// Asks the desk every few seconds whether what a part of the page shows has changed, and has the part drawn again when
// it has. One request for all parts of the page, one at a time; fewer after failures, none for a page nobody sees
// unless it says otherwise.

const PATH = '/desk/news'
const PATIENCE_MS = 10000
const SLOWEST_MS = 120000

const parts = new Map() // by question
let timer = 0
let asking = false
let failures = 0

export default function (component) {
  const { data, setTriggerValue } = component
  const before = parts.get(data.question)
  const part = {
    ...data,
    drawn: performance.now(),
    due: performance.now() + spread(data.every_s * 1000),
    fired: before && before.mark === data.mark ? before.fired : null,
    fire: (mark) => setTriggerValue('changed', mark),
  }
  parts.set(data.question, part)
  plan()
  return () => {
    if (parts.get(data.question) === part) parts.delete(data.question)
    plan()
  }
}

// A room full of people opens the desk at nine; they need not all ask in the same moment.
function spread(ms) {
  return ms * (0.9 + 0.2 * Math.random())
}

function pace(part) {
  const every = document.hidden ? part.hidden_s : part.every_s
  return every > 0 ? Math.min(every * 1000 * 2 ** failures, SLOWEST_MS) : 0
}

function plan() {
  clearTimeout(timer)
  const awake = [...parts.values()].filter(pace)
  if (asking || !awake.length) return
  const wait = Math.min(...awake.map((part) => part.due)) - performance.now()
  timer = setTimeout(ask, Math.max(wait, 50))
}

async function ask() {
  // Whatever is due soon is asked along.
  const now = performance.now()
  const asked = [...parts.values()].filter((part) => pace(part) && part.due <= now + pace(part) / 2)
  asking = true
  try {
    const query = new URLSearchParams(asked.map((part) => ['q', part.question]))
    const answer = await fetch(`${PATH}?${query}`, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) })
    if (!answer.ok) throw new Error(String(answer.status))
    const told = await answer.json()
    failures = 0
    for (const part of asked) {
      // Streamlit sends what several parts press within one turn of the page as one request, which names the first only.
      if (weigh(part, told.out ? 'out' : told.marks[part.question])) await new Promise((sent) => setTimeout(sent))
    }
  } catch {
    // The server is away or busy; Streamlit says the former to whoever looks at the page.
    failures = Math.min(failures + 1, 6)
  } finally {
    asking = false
    asked.forEach((part) => (part.due = performance.now() + spread(pace(part) || part.every_s * 1000)))
    plan()
  }
}

// Gives whether the part was pressed.
function weigh(part, mark) {
  if (parts.get(part.question) !== part) return false
  const now = performance.now()
  const old = part.at_most_s > 0 && now - part.drawn >= part.at_most_s * 1000
  if (mark === part.mark && !old) return false
  // A press may get lost on the way; until then one for the same mark is enough.
  if (part.fired && part.fired.mark === mark && now - part.fired.at < 2 * part.every_s * 1000) return false
  part.fired = { mark, at: now }
  part.drawn = now
  part.fire(mark)
  return true
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return plan()
  // Somebody comes back to the page: what changed meanwhile should not take a whole turn more.
  parts.forEach((part) => (part.due = Math.min(part.due, performance.now())))
  plan()
})
