// Saves what an address answers as a file, under the name the answer gives it. The session token
// travels as in every request, so it stands in no address.
import { post } from "../fetch.js"

export function download(button) {
  button.addEventListener("click", async () => {
    if (button.classList.contains("is-busy")) return
    button.classList.add("is-busy")
    try {
      await save(await post(button.dataset.url))
      say("success", button.dataset.saved)
    } catch {
      say("warning", button.dataset.failed)
    } finally {
      button.classList.remove("is-busy")
    }
  })

  function say(kind, text) {
    button.dispatchEvent(new CustomEvent("message", { bubbles: true, detail: { kind, text } }))
  }
}

async function save(answer) {
  if (!answer.ok) throw new Error(`answered ${answer.status}`)
  const link = document.createElement("a")
  link.href = URL.createObjectURL(await answer.blob())
  link.download = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))[1]
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 0) // the click has begun to read it
}
