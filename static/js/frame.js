// The only module that talks to the portal's frame library.
// Outside a portal, or when the portal stays silent, everything else goes on without it.

const PATIENCE = 8000
const ANSWER = 1500
const SMALLEST = 600 // leaves room for a dialog and what it is about
const PORTAL_CHROME = 200 // what the portal's own bars take of the screen

let opening = null

export function start() {
  const content = document.querySelector("[data-fit]")
  if (content && inPortal()) fit(content)
}

/** The portal's frame object; null outside a portal or after 8 s of silence. */
export function ready() {
  opening ??= open()
  return opening
}

/** What a new session needs: a new access token and this frame's id. Rejects without a portal. */
export async function refreshAuth() {
  const portal = await ready()
  if (!portal) throw new Error("no portal around this frame")
  const auth = await portal.auth.refreshAuth()
  return { AUTH_ID: auth.access_token, APP_SID: window.name.split("|")[2] }
}

/** Ends the installation; the portal then takes this page away. Rejects if it cannot. */
export async function finishInstall() {
  const portal = await ready()
  if (!portal) throw new Error("no portal around this frame")
  return portal.installFinish()
}

/** Has the portal load its page anew, and this frame with it. Rejects if it cannot. */
export async function reloadPortal() {
  const portal = await ready()
  if (!portal) throw new Error("no portal around this frame")
  return portal.parent.reloadWindow()
}

/** The person's access token, good for now. Rejects without a portal, or when it does not renew it. */
export async function accessToken() {
  const portal = await ready()
  if (!portal) throw new Error("no portal around this frame")
  const auth = portal.auth.getAuthData() || (await portal.auth.refreshAuth())
  return auth.access_token
}

/** Writes into the text area of the open chat; false when there is none, or no answer. */
export async function writeInChat(text) {
  const portal = await ready()
  if (!portal) return false
  const answer = await portal.parent.message.send("im:setImTextareaContent", {
    text,
    withNewLine: false,
    replace: false,
    requestId: window.B24Js.Text.getUuidRfc4122(),
    isSafely: true,
    safelyTime: ANSWER,
  })
  return answer?.success === true
}

/** Has the portal call a number; it never says whether it does. False without a portal. */
export async function phone(number) {
  const portal = await ready()
  await portal?.parent.imPhoneTo(number)
  return Boolean(portal)
}

/** Has the portal take this frame away; where it does not, nothing follows. Rejects if it cannot. */
export async function closeFrame() {
  const portal = await ready()
  if (!portal) throw new Error("no portal around this frame")
  return portal.parent.closeApplication()
}

function inPortal() {
  return window.parent !== window && window.name.split("|").length === 3
}

async function open() {
  if (!inPortal()) return null
  try {
    await load(document.querySelector('meta[name="frame-library"]').content)
    return await within(PATIENCE, window.B24Js.initializeB24Frame())
  } catch (error) {
    console.warn("The portal did not answer this frame.", error)
    opening = null // the next call may try again
    return null
  }
}

function load(url) {
  if (window.B24Js) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.addEventListener("load", resolve)
    script.addEventListener("error", () => reject(new Error("frame library not loaded")))
    script.src = url
    document.head.append(script)
  })
}

function within(milliseconds, promise) {
  let timer
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("silence")), milliseconds)
  })
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer))
}

// The frame takes what the screen has from the start and keeps it: dialogs, messages and the bar of
// buttons are always in sight, and no button moves away under the pointer when the page changes.
// data-fit holds the height asked for: the portal is still moving while the frame is lower.
function fit(content) {
  const height = Math.max(SMALLEST, screen.availHeight - PORTAL_CHROME)
  content.dataset.fit = height
  // After the page is there: the library must not delay the first paint.
  requestAnimationFrame(() => setTimeout(async () => {
    const portal = await ready()
    if (!portal || portal.placement.isSliderMode) return
    portal.placement.call("resizeWindow", { width: "100%", height }).catch(() => {})
  }))
}
