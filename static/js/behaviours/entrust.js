// A button for what only the portal can do: the portal then takes this page away.
// When it stays silent, the words that belong to the button say how to go on.
import { finishInstall, reloadPortal } from "../frame.js"

const PATIENCE = 8500
const deeds = { finish: finishInstall, reconnect: reloadPortal }

export function entrust(button) {
  const unheard = document.getElementById(button.dataset.unheard)
  let timer

  button.addEventListener("click", () => {
    clearTimeout(timer)
    button.classList.add("is-busy")
    unheard.hidden = true
    timer = setTimeout(explain, PATIENCE)
    deeds[button.dataset.deed]().catch(explain)
  })

  function explain() {
    clearTimeout(timer)
    button.classList.remove("is-busy")
    unheard.hidden = false
    unheard.focus()
  }
}
