/** What the portal does at each command of the application. A command may answer SILENT. */
import { chooseUsers, slide } from "./panels.js"

/** The answer of a command that never answers. */
export const SILENT = Symbol("silent")

export const ask = {
  /** Posts a form to the portal itself and returns its JSON. Throws when the portal refuses. */
  async portal(url, form = {}) {
    const reply = await fetch(url, { method: "POST", body: new URLSearchParams(form) })
    if (!reply.ok) throw new Error(`status ${reply.status}`)
    return reply.json()
  },
  complain(text) {
    const notice = document.getElementById("host-notice")
    if (notice) Object.assign(notice, { textContent: text, hidden: false })
  },
}

// A widget's page stands inside the messenger; another page opens in its place.
const go = (url) => { window.top.location.assign(url); return SILENT }

/** The commands by name, each (params, message) -> result. Unknown ones are met with silence. */
export function commands(data, frame) {
  return {
    ...session(data),
    ...windows(data, frame),
    ...messenger(data),
    selectUser: async ({ mult }) => (await chooseUsers(Boolean(mult))) ?? SILENT,
    openPath: () => ({ result: "error", errorCode: "PATH_NOT_AVAILABLE" }),
    getInterface: () => ({ command: [], event: [] }),
    placementBindEvent: () => SILENT,
  }
}

function session(data) {
  return {
    getInitData() {
      const init = { ...data.init }
      data.init.FIRST_RUN = false
      return init
    },
    async setInstall(params) {
      await ask.portal(data.urls.firstRun)
      return params
    },
    async setInstallFinish() {
      const { result } = await ask.portal(data.urls.finish)
      const here = new URL(location.href)
      here.searchParams.set("install_finished", result ? "Y" : "N")
      return go(here)
    },
    async refreshAuth() {
      const pair = await ask.portal(data.urls.auth)
      Object.assign(data.init, pair)
      return pair
    },
    async setUserOption(params) {
      await ask.portal(data.urls.option, { kind: "user", name: params.name, value: JSON.stringify(params.value ?? "") })
      return params
    },
    async setAppOption(params) {
      if (!data.init.IS_ADMIN) return SILENT
      return ask.portal(data.urls.option, { kind: "app", name: params.name, value: JSON.stringify(params.value ?? "") })
    },
  }
}

function windows(data, frame) {
  return {
    resizeWindow({ width, height }) {
      if (Number(height) > 0) Object.assign(frame.style, { height: `${Number(height)}px`, minHeight: "0" })
      if (width) frame.style.width = Number(width) > 0 ? `${Number(width)}px` : "100%"
      const box = frame.getBoundingClientRect()
      return { width: Math.round(box.width), height: Math.round(box.height) }
    },
    reloadWindow() { location.reload(); return SILENT },
    setTitle(params) {
      const title = document.getElementById("app-title")
      if (title) title.textContent = String(params.title ?? "")
      return params
    },
    setScroll(params) { scrollTo({ top: Number(params.scroll) || 0 }); return params },
    openApplication: (params) => slide(data.urls.self, params),
    closeApplication() {
      window.frameElement?.closest("dialog")?.close()
      window.frameElement?.dispatchEvent(new CustomEvent("widget-close", { bubbles: true }))
      return SILENT
    },
  }
}

function messenger(data) {
  const chat = (query) => go(`${data.urls.chat}?${new URLSearchParams(query)}`)
  const area = (params, { method, requestId }) => (requestId ? { requestId, ...textarea(method, params) } : SILENT)
  return {
    imOpenMessenger: ({ dialogId }) => chat(dialogId ? { dialog: dialogId } : {}),
    imOpenHistory: ({ dialogId }) => chat(dialogId ? { dialog: dialogId } : {}),
    imCallTo: ({ userId }) => chat({ dialog: userId, call: `User ${userId}` }),
    imPhoneTo: ({ phone }) => chat({ call: phone }),
    "im:setImTextareaContent": area,
    "im:getImTextareaContent": area,
  }
}

/** Asks the messenger around this page, if there is one, about its text area. */
function textarea(method, params) {
  const detail = { method, params: params || {}, answer: { message: "No chat is open on this page." } }
  window.frameElement?.dispatchEvent(new CustomEvent("widget-textarea", { bubbles: true, detail }))
  return detail.answer
}
