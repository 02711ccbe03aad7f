// Runs before everything else: what a person presses before the page's scripts have
// started is kept in mind, and main.js does it then. Nothing pressed is lost.
document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button, a[hx-get]")
  if (!pressed || "started" in document.documentElement.dataset) return
  event.preventDefault()
  event.stopImmediatePropagation()
  document.querySelectorAll("[data-early]").forEach((one) => delete one.dataset.early)
  pressed.dataset.early = ""
}, true)
