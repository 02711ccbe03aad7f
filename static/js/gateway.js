// A page of the classic messenger in a widget: speaks that messenger's language with the
// page, and has the portal do what the page asks for (b24restdocs: chats/outdated/iframe.md).
import { announce } from "./behaviours/announce.js"
import { accessToken, closeFrame, phone, ready, writeInChat } from "./frame.js"

const MOST_WAITING = 20 // requests of a page that asks faster than the portal answers
const SENDING = 40000
const CLOSING = 2000

const gateway = document.getElementById("gateway")
const child = gateway.querySelector("iframe")
const uniqueLoadId = crypto.getRandomValues(new Uint32Array(2)).join("")
const known = { send, put, call, support, close }
let origin = "" // of the page that answers: it may be another one than was asked for
let last = Promise.resolve()
let waiting = 0

announce(document.getElementById("messages"))
addEventListener("message", hear)
child.addEventListener("load", greet)
child.src = gateway.dataset.address
ready() // the portal's library loads while the page does

// Whichever page has come: one may lead to another. What is secret went to the first alone, in its
// address; this number tells a page only that it may speak.
function greet() {
  origin = ""
  child.contentWindow.postMessage(JSON.stringify({ action: "init", uniqueLoadId }), "*")
}

function hear(event) {
  if (event.source !== child.contentWindow || (origin && event.origin !== origin)) return
  const asked = parse(event.data)
  if (asked?.uniqueLoadId !== uniqueLoadId || !Object.hasOwn(known, asked.action)) return
  origin = event.origin
  if (waiting === MOST_WAITING) return
  waiting += 1
  last = last.then(() => known[asked.action](asked)).catch(() => tell("error", "failed"))
  last.finally(() => { waiting -= 1 })
}

function parse(data) {
  try {
    return typeof data === "string" ? JSON.parse(data) : null
  } catch {
    return null
  }
}

/** Says it as the person who has the widget open; else leaves it for that person to send. */
async function send({ message }) {
  const text = words(message)
  if (!text.trim()) return
  const said = gateway.dataset.dialog ? await say(text) : "no"
  if (said === "yes") return
  if (said !== "no") return tell("warning", "unsure")
  if (await writeInChat(text)) tell("warning", "byHand")
  else tell("error", "notSent")
}

// There is no session here: the access token the portal gives this frame is the proof.
async function say(text) {
  let access
  try {
    access = await accessToken()
  } catch {
    return "no"
  }
  const { dialog, messages } = gateway.dataset
  const body = new URLSearchParams({ AUTH_ID: access, DIALOG_ID: dialog, MESSAGE: text })
  try {
    const answer = await fetch(messages, { method: "POST", body, signal: AbortSignal.timeout(SENDING) })
    if (answer.ok) return (await answer.json()).said
    return answer.status < 500 ? "no" : "unsure"
  } catch {
    return "unsure"
  }
}

async function put({ message }) {
  if (!(await writeInChat(`${words(message)} `))) tell("warning", "notPut")
}

async function call({ number }) {
  if (!(await phone(words(number)))) tell("warning", "notCalled")
}

// The portal names no way to open the chat of an Open Channel's code from here.
function support() {
  tell("warning", "noSupport")
}

// Nothing is waited for: where it is closed, nothing of this goes on.
function close() {
  closeFrame().catch(() => {})
  setTimeout(() => tell("warning", "notClosed"), CLOSING)
}

function words(value) {
  return String(value ?? "")
}

function tell(kind, name) {
  document.querySelectorAll(".toast").forEach((toast) => toast.remove())
  const detail = { kind, text: gateway.dataset[name] }
  document.body.dispatchEvent(new CustomEvent("message", { detail }))
}
