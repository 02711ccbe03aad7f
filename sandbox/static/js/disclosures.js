/** Menus made of <details> close at a press elsewhere and at Escape. */
const MENUS = "details.me, details.more"

export function startDisclosures() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(MENUS)) {
      if (!menu.contains(event.target)) menu.open = false
    }
  })
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest?.(MENUS)
    if (!menu) return
    menu.open = false
    menu.querySelector("summary").focus()
  })
}
