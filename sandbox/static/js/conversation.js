/** Writing in a dialog, and what others write meanwhile. */
const PAUSE = 1500

export function makeConversation(root, log, form) {
  const { dialog } = root.querySelector("[data-dialog]").dataset
  const view = root.dataset.view ?? ""
  const last = () => [...log.querySelectorAll("[data-message]")].at(-1)?.dataset.message ?? "0"

  const take = async (reply) => {
    if (!reply.ok) throw new Error(`status ${reply.status}`)
    const part = document.createElement("template")
    part.innerHTML = await reply.text()
    const known = Number(last())
    const fresh = [...part.content.children].filter((line) => Number(line.dataset.message) > known)
    if (fresh.length === 0) return
    log.append(...fresh)
    log.scrollTop = log.scrollHeight
  }
  const query = (more = {}) => new URLSearchParams({ dialog, after: last(), view, ...more })

  const hear = async () => {
    try {
      await take(await fetch(`${form.dataset.lines}?${query()}`))
    } catch { /* a portal that is away is asked again */ }
  }
  const look = async () => {
    if (!document.hidden) await hear()
    setTimeout(look, PAUSE)
  }
  setTimeout(look, PAUSE)

  return {
    async say(text) {
      if (!text.trim()) return
      try {
        await take(await fetch(form.dataset.send, { method: "POST", body: query({ text }) }))
        setTimeout(hear, 300)
      } catch {
        notice(log, "The message was not sent. Try once more.")
      }
    },
  }
}

/** A line of the page itself among the messages. */
export function notice(log, text) {
  const line = document.getElementById("notice-line").content.cloneNode(true)
  line.querySelector("span").textContent = text
  log.append(line)
  log.scrollTop = log.scrollHeight
}
