// Ends the installation; when the portal stays silent, says how to go on.
import { finishInstall } from "../frame.js"

const PATIENCE = 8500

export function install(panel) {
  const part = (name) => panel.querySelector(`[data-part="${name}"]`)
  part("retry").addEventListener("click", finish)
  finish()

  function finish() {
    show("progress")
    setTimeout(stuck, PATIENCE)
    // Nothing follows: the portal takes the page away, and the promise stays open.
    finishInstall().catch(stuck)
  }

  function stuck() {
    if (!part("stuck").hidden) return
    show("stuck")
    part("stuck").focus()
  }

  function show(name) {
    for (const each of ["progress", "stuck"]) part(each).hidden = each !== name
  }
}
