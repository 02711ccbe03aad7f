// The only module that knows the session token: it signs every request,
// renews the token before it ends or after a 401, and then sends the request again, once.
import { refreshAuth } from "./frame.js"

const EARLY = 60 // seconds before its end at which a token counts as used up
const PATIENCE = 15000

let session = null
let renewal = null
const held = new WeakSet() // elements whose request waits for a new token
const repeated = new WeakSet()
const repeat = new WeakMap()

export function start() {
  const meta = document.querySelector('meta[name="session-token"]')
  if (!meta) return
  keep({ token: meta.content, expires: Number(meta.dataset.expires), url: meta.dataset.renewal })
  meta.remove()
  document.addEventListener("htmx:confirm", renewFirst)
  document.addEventListener("htmx:configRequest", sign)
  document.addEventListener("htmx:afterRequest", repeatOnce)
}

function keep(next) {
  session = { ...session, ...next }
  // A fresh token that seems old already means that this computer's clock is wrong:
  // from then on only the server says when it has ended.
  session.clockIsRight = session.expires - now() > EARLY
}

function now() {
  return Date.now() / 1000
}

function sign(event) {
  event.detail.headers.Authorization = `Bearer ${session.token}`
}

async function renewFirst(event) {
  const { elt, issueRequest } = event.detail
  if (event.defaultPrevented) return
  if (held.has(elt)) return event.preventDefault()
  repeat.set(elt, issueRequest)
  if (!session.clockIsRight || session.expires - now() > EARLY) return
  event.preventDefault()
  await holding(elt, renew).catch(() => {}) // the old token may still do; a 401 tells
  issueRequest(true)
}

async function repeatOnce(event) {
  const { xhr, requestConfig: { elt } } = event.detail
  if (xhr.status !== 401) return repeated.delete(elt)
  if (repeated.delete(elt) || !repeat.has(elt)) return sayEnded()
  try {
    await holding(elt, renew)
  } catch {
    return sayEnded()
  }
  repeated.add(elt)
  repeat.get(elt)(true)
}

/** Sends a POST that is no swap of the page, signed and renewed as the others; gives the answer. */
export async function post(url) {
  if (session.clockIsRight && session.expires - now() <= EARLY) await renew().catch(() => {})
  const answer = await signed(url)
  if (answer.status !== 401) return answer
  await renew()
  return signed(url)
}

function signed(url) {
  return fetch(url, { method: "POST", headers: { Authorization: `Bearer ${session.token}` } })
}

async function holding(element, work) {
  held.add(element)
  element.classList.add("is-busy")
  try {
    return await work()
  } finally {
    held.delete(element)
    element.classList.remove("is-busy")
  }
}

function renew() {
  renewal ??= exchange().finally(() => { renewal = null })
  return renewal
}

async function exchange() {
  const proof = await refreshAuth()
  const answer = await fetch(session.url, {
    method: "POST",
    headers: { Authorization: `Bearer ${session.token}` },
    body: new URLSearchParams(proof),
    signal: AbortSignal.timeout(PATIENCE),
  })
  if (!answer.ok) throw new Error(`session renewal answered ${answer.status}`)
  keep(await answer.json())
}

function sayEnded() {
  document.dispatchEvent(new CustomEvent("session-ended"))
}
