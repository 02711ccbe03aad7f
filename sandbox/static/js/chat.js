/** A messenger's page: writing, and what a press on a chat app does. */
import { makeConversation, notice } from "./conversation.js"
import { startOffers } from "./offers.js"
import { makePopup } from "./popup.js"

export function startChat(root) {
  const log = root.querySelector(".talk__log")
  const form = root.querySelector("[data-write]")
  if (!form) return
  const deeds = makeDeeds(root, log, form)
  const popup = root.querySelector("#popup") && makePopup(root.querySelector("#popup"), deeds)
  log.scrollTop = log.scrollHeight
  startOffers(form)

  form.addEventListener("submit", (event) => {
    event.preventDefault()
    deeds.send(form.elements.text.value)
    form.elements.text.value = ""
  })
  form.elements.text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
    event.preventDefault()
    form.requestSubmit()
  })
  root.addEventListener("click", (event) => {
    if (event.target.closest("[data-call-end]")) deeds.hangUp()
    const button = event.target.closest("[data-chat-app]")
    if (button) press(button, deeds, popup)
  })
  const { call } = root.dataset
  if (call) deeds.call(call)
}

function press(button, deeds, popup) {
  const { method, param } = button.dataset
  const menu = button.closest("details")
  if (menu) menu.open = false
  if (method === "IFRAME") popup.toggle(button)
  else deeds[method.toLowerCase()]?.(param)
}

/** What a chat app, or the page in its popup, may ask the messenger to do. */
function makeDeeds(root, log, form) {
  const area = form.elements.text
  const conversation = makeConversation(root, log, form)
  return {
    send: (text) => conversation.say(String(text ?? "")),
    put(text) {
      area.setRangeText(`${text ?? ""} `, area.selectionStart, area.selectionEnd, "end")
      area.focus()
    },
    call(number) {
      const card = root.querySelector("#call")
      const apps = document.getElementById("call-apps")
      card.querySelector("strong").textContent = number
      card.querySelector(".call__apps").replaceChildren(...(apps ? [apps.content.cloneNode(true)] : []))
      card.hidden = false
      card.querySelector("[data-call-end]").focus()
    },
    hangUp() {
      const card = root.querySelector("#call")
      card.querySelector(".call__apps").replaceChildren()
      card.hidden = true
      area.focus()
    },
    support: (code) => notice(log, `The support chat ${code ?? ""} of Open Channels opens here.`),
  }
}
