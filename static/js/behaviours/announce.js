// Shows a toast for each "message" event: {kind, text}.

const STAY = 6000

export function announce(region) {
  const template = region.querySelector("template")
  document.body.addEventListener("message", (event) => {
    event.stopPropagation() // window's "message" belongs to the portal
    show(event.detail)
  })

  function show({ kind, text }) {
    const toast = template.content.firstElementChild.cloneNode(true)
    toast.classList.add(`toast--${kind}`)
    for (const icon of toast.querySelectorAll("[data-kind]")) {
      icon.toggleAttribute("hidden", icon.dataset.kind !== kind) // an SVG has no .hidden
    }
    toast.querySelector("p").textContent = text
    toast.querySelector("button").addEventListener("click", () => toast.remove())
    region.append(toast)
    if (kind === "success") leave(toast)
  }

  // It waits for as long as somebody points at it or stands on it.
  function leave(toast) {
    let timer
    const count = () => { timer = setTimeout(() => toast.remove(), STAY) }
    const stop = () => clearTimeout(timer)
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, stop)
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, count)
    count()
  }
}
