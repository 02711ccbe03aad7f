/** Widgets of the messenger: each opens in a page of this portal that frames it. */
const PLACES = { popup: "widget-popup", aside: "widget-aside", slider: "widget-slider" }

export function startWidgets(root) {
  const open = { button: null, box: null, frame: null }
  const close = () => {
    if (!open.box) return
    const { button, box, frame } = open
    Object.assign(open, { button: null, box: null, frame: null })
    frame.remove()
    if (box.open) box.close()
    if (box.tagName !== "DIALOG") box.hidden = true
    if (box.id === PLACES.aside) root.querySelector("[data-aside-list]").hidden = false
    if (button.hasAttribute("aria-expanded")) button.setAttribute("aria-expanded", "false")
    const menu = button.closest("details")
    ;(menu ? menu.querySelector("summary") : button).focus()
  }
  const show = (button) => {
    const box = document.getElementById(PLACES[button.dataset.widget])
    const frame = makeFrame(button)
    Object.assign(open, { button, box, frame })
    box.querySelector("h2, h3").textContent = frame.title
    box.firstElementChild.after(frame)
    const menu = button.closest("details")
    if (menu) menu.open = false
    if (button.hasAttribute("aria-expanded")) button.setAttribute("aria-expanded", "true")
    if (box.id === PLACES.aside) root.querySelector("[data-aside-list]").hidden = true
    if (box.tagName === "DIALOG") box.showModal()
    else box.hidden = false
    box.querySelector("header button, .slider__bar button").focus()
  }

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-widget]")
    if (event.target.closest("[data-widget-close]")) close()
    if (!button) return
    const again = open.button === button
    close()
    if (!again) show(button)
  })
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && open.box?.contains(event.target)) close()
  })
  document.getElementById(PLACES.slider)?.addEventListener("close", close)
  document.addEventListener("widget-close", close)
  document.addEventListener("widget-textarea", (event) => answer(root, event.detail))
}

function makeFrame(button) {
  const frame = document.createElement("iframe")
  const { src, width, height } = button.dataset
  frame.title = button.getAttribute("aria-label") ?? button.textContent.trim()
  frame.allow = "geolocation *; microphone *; camera *; autoplay *"
  if (Number(width) > 0) frame.style.width = `${Math.max(Number(width), 240)}px`
  if (Number(height) > 0) frame.style.height = `${Math.max(Number(height), 120)}px`
  frame.src = src
  return frame
}

/** What a widget may do with the text area: read it, or write into it. */
function answer(root, asked) {
  const area = root.querySelector("textarea")
  if (!area) return
  const { text = "", withNewLine, replace } = asked.params
  if (asked.method === "im:getImTextareaContent") {
    asked.answer = { text: area.value }
    return
  }
  const gap = withNewLine && area.value && !replace ? "\n" : ""
  area.value = replace ? String(text) : `${area.value}${gap}${text}`
  asked.answer = { success: true }
}
