// A button that asks first: after "yes" it fires "confirmed", its htmx trigger.
// The words are its own data-title, data-text, data-yes; data-danger colours the answer.
// With data-typed there is a "yes" only once this very text was typed.

export function confirm(button) {
  button.addEventListener("click", async () => {
    if (await ask(button.dataset, { unsaved: Boolean(document.querySelector("form[data-changed]")) })) {
      button.dispatchEvent(new Event("confirmed", { bubbles: true }))
    }
  })
}

/** Opens the page's one dialog with these words; resolves to true after "yes". */
export function ask(words, { unsaved = false } = {}) {
  const dialog = document.getElementById("confirm")
  const yes = dialog.querySelector('[value="yes"]')
  dialog.querySelector("h2").textContent = words.title
  dialog.querySelector("[data-text]").textContent = words.text
  dialog.querySelector("[data-unsaved]").hidden = !unsaved
  yes.textContent = words.yes
  yes.classList.toggle("button--danger", "danger" in words)
  yes.classList.toggle("button--primary", !("danger" in words))
  askToType(dialog, yes, words)
  dialog.returnValue = ""
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true })
  })
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
