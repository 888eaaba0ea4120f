// Streamlit hands a text over when its box loses the focus. A desk must not lose half an answer, so this hands it over
// whenever the typing pauses, by the key press that means just that in a Streamlit text box (Ctrl+Enter).

const PAUSE_MS = 700

export default function (component) {
  const { data } = component
  const timers = new Map()
  const onInput = (event) => {
    const box = event.target
    if (!(box instanceof HTMLTextAreaElement) || !data.keys.some((key) => box.closest(`.st-key-${CSS.escape(key)}`))) return
    clearTimeout(timers.get(box))
    timers.set(box, setTimeout(() => hand(box), PAUSE_MS))
  }
  document.addEventListener('input', onInput)
  return () => {
    document.removeEventListener('input', onInput)
    timers.forEach((timer) => clearTimeout(timer))
  }
}

function hand(box) {
  box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', ctrlKey: true, bubbles: true, cancelable: true }))
}
