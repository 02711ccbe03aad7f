// A button that asks first: after "yes" it fires "confirmed", its htmx trigger.
// The words are its own data-title, data-text, data-yes; data-danger colours the answer.

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
  dialog.returnValue = ""
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true })
  })
}
