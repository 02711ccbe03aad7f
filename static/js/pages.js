// What happens around a swap: where a failure goes and where the focus lands.

const SAME_PAGE = [409, 422] // the form again, with what is to be mended

export function start() {
  if (!document.getElementById("page")) return
  document.addEventListener("htmx:beforeSwap", place)
  document.addEventListener("htmx:afterSettle", settle)
  document.addEventListener("htmx:sendError", sayUnreachable)
  document.addEventListener("htmx:timeout", sayUnreachable)
  document.addEventListener("session-ended", () => sayFrom("session-ended"))
}

// A failed save must not take away what was typed: the message goes above the page.
function place(event) {
  const { xhr, target, requestConfig } = event.detail
  if (xhr.status < 400) return notice().replaceChildren()
  const isMessage = xhr.responseText.includes("data-message")
  if (!isMessage && SAME_PAGE.includes(xhr.status)) return
  if (!isMessage) { // not our words: a proxy's page
    event.detail.shouldSwap = false
    return sayUnreachable()
  }
  if (requestConfig.verb === "get" && target.id === "page") return
  event.detail.target = notice()
  event.detail.swapOverride = "innerHTML"
}

function settle(event) {
  const { target } = event.detail
  // A report that comes anew may take the button that asked for it.
  if (target.id === "report" && document.activeElement === document.body) target.focus()
  if (!["page", "notice"].includes(target.id)) return
  if (target.id === "page") markSection(sectionOf(target) ?? event.detail.pathInfo.requestPath)
  const first = target.querySelector("[data-focus]") ?? target.querySelector("h1") ?? target
  first.focus({ preventScroll: true })
  if (first.matches("h1")) window.scrollTo(0, 0)
  else first.scrollIntoView({ block: "nearest" })
}

// A page that belongs to another section than its address says so.
function sectionOf(page) {
  return page.querySelector("[data-section]")?.dataset.section
}

// The navigation shows where the person is.
function markSection(path) {
  const section = `/${path.split(/[/?]/)[1]}`
  for (const button of document.querySelectorAll(".nav [hx-get]")) {
    const isHere = button.getAttribute("hx-get") === section
    if (isHere) button.setAttribute("aria-current", "page")
    else button.removeAttribute("aria-current")
    if (isHere) button.scrollIntoView({ block: "nearest", inline: "nearest" })
  }
}

function sayUnreachable() {
  sayFrom("unreachable")
}

function sayFrom(templateId) {
  notice().replaceChildren(document.getElementById(templateId).content.cloneNode(true))
  const message = notice().querySelector("[data-focus]")
  message.focus()
  message.scrollIntoView({ block: "nearest" })
}

function notice() {
  return document.getElementById("notice")
}
