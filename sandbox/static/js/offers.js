/** The commands offered while a message begins with a slash. */
export function startOffers(form) {
  const box = form.querySelector("[data-offers]")
  const count = form.querySelector("[data-offers-count]")
  const area = form.elements.text
  const buttons = [...box.querySelectorAll("[data-command]")]
  const shown = () => buttons.filter((button) => !button.parentElement.hidden)
  const hide = () => { box.hidden = true; count.textContent = "" }

  const show = () => {
    const typed = /^\/\S*$/.test(area.value) ? area.value.toLowerCase() : null
    for (const button of buttons) {
      button.parentElement.hidden = typed === null || !button.dataset.command.toLowerCase().startsWith(typed)
    }
    const found = shown().length
    if (found === 0) return hide()
    box.hidden = false
    count.textContent = found === 1 ? "1 command" : `${found} commands`
  }
  const choose = (button) => {
    area.value = `${button.dataset.command} `
    hide()
    area.focus()
  }
  const move = (step) => {
    const all = shown()
    const next = all.indexOf(document.activeElement) + step
    if (next < 0) area.focus()
    else all[Math.min(next, all.length - 1)]?.focus()
  }

  area.addEventListener("input", show)
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-command]")
    if (button) choose(button)
  })
  form.addEventListener("submit", hide)
  form.addEventListener("keydown", (event) => {
    if (box.hidden) return
    if (event.key === "Escape") { hide(); area.focus() }
    if (event.key === "ArrowDown") { event.preventDefault(); move(1) }
    if (event.key === "ArrowUp" && event.target !== area) { event.preventDefault(); move(-1) }
  })
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) hide() })
}
