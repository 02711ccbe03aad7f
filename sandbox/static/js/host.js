/** The portal's side of the frame: opens the application, then answers its messages. */
import { ask, commands, SILENT } from "./commands.js"
import { answer, masked, read } from "./wire.js"

const data = JSON.parse(document.getElementById("frame-data").textContent)
const frame = document.getElementById("app-frame")
const log = document.getElementById("wire-log")
const known = commands(data, frame)
const denied = new Set([
  ...(data.placement === "DEFAULT" ? [] : ["setTitle", "setScroll", "reloadWindow"]),
  ...(data.isSlider ? ["resizeWindow"] : []),
])

function note(text) {
  if (!log) return
  const line = document.createElement("li")
  line.textContent = text
  log.append(line)
  log.scrollTop = log.scrollHeight
}

/** Only the registered handler's origin is heard, and only with this page's own APP_SID. */
async function hear(event) {
  if (event.origin !== data.origin) return
  const message = read(event.data)
  if (!message || message.sid !== data.sid) return
  note(`application: ${message.method} ${masked(message.params)}`)
  if (!Object.hasOwn(known, message.method) || denied.has(message.method)) return
  const result = await known[message.method](message.params, message)
  if (result === SILENT || !message.callback) return
  frame.contentWindow?.postMessage(answer(message.callback, result), data.origin)
  note(`portal: ${message.method} ${masked(result) ?? ""}`)
}

addEventListener("message", (event) => {
  hear(event).catch((error) => ask.complain(`The portal could not answer: ${error.message}`))
})
document.getElementById("frame-request").submit()
