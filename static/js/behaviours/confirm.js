import { showCalls } from "./rehearse.js"

// A button that asks first: after "yes" it fires "confirmed", its htmx trigger.
// The words are its own data-title, data-text, data-yes; data-danger colours the answer.
// With data-typed there is a "yes" only once this very text was typed.

export function confirm(button) {
  button.addEventListener("click", async () => {
    const unsaved = Boolean(document.querySelector("form[data-changed]"))
    if (await ask(button.dataset, { unsaved, asks: button })) {
      button.dispatchEvent(new Event("confirmed", { bubbles: true }))
    }
  })
}

/** Opens the page's one dialog with these words; resolves to true after "yes". */
export function ask(words, { unsaved = false, asks = null } = {}) {
  const dialog = document.getElementById("confirm")
  const yes = dialog.querySelector('[value="yes"]')
  dialog.querySelector("h2").textContent = words.title
  dialog.querySelector("[data-text]").textContent = words.text
  dialog.querySelector("[data-unsaved]").hidden = !unsaved
  yes.textContent = words.yes
  yes.classList.toggle("button--danger", "danger" in words)
  yes.classList.toggle("button--primary", !("danger" in words))
  askToType(dialog, yes, words)
  offerCalls(dialog.querySelector("[data-calls]"), asks)
  dialog.returnValue = ""
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true })
  })
}

// With data-rehearsal what the button would ask of the portal can be looked at before.
function offerCalls(offer, button) {
  offer.parentElement.hidden = !button || !("rehearsal" in button.dataset)
  offer.onclick = () => showCalls(button, offer)
}

function askToType(dialog, yes, { typed = "", typedLabel = "" }) {
  const field = dialog.querySelector("[data-typed]")
  const input = field.querySelector("input")
  const fits = () => tidy(input.value) === tidy(typed)
  field.hidden = !typed
  field.querySelector("label").textContent = typedLabel
  input.value = ""
  yes.disabled = !fits()
  input.oninput = () => { yes.disabled = !fits() }
  input.onkeydown = (event) => { // otherwise the dialog's first button would be pressed
    if (event.key !== "Enter") return
    event.preventDefault()
    if (fits()) yes.click()
  }
}

function tidy(text) {
  return text.trim().replace(/\s+/g, " ")
}
