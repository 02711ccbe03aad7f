// Remembers that a form was changed, and asks before a page swap drops the changes.
import { ask } from "./confirm.js"

export function guard(form) {
  const changed = ({ target, detail }) => {
    if (detail?.requestConfig?.verb === "get") return // something to look at came
    if (target.form !== null) form.dataset.changed = "" // null: a control of the preview
  }
  for (const name of ["input", "htmx:afterSwap"]) form.addEventListener(name, changed)
  document.addEventListener("htmx:confirm", check, { capture: true })

  async function check(event) {
    if (!form.isConnected) return document.removeEventListener("htmx:confirm", check, { capture: true })
    const { elt, target, triggeringEvent } = event.detail
    const leaves = target.id === "page" && elt !== form && triggeringEvent?.type !== "confirmed"
    if (!leaves || !("changed" in form.dataset)) return
    event.preventDefault()
    event.stopPropagation()
    if (!(await ask(form.dataset))) return
    delete form.dataset.changed
    elt.click()
  }
}
