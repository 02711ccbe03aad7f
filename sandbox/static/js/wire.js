/** The wire between a portal page and the application in its frame. */

/**
 * Reads what a frame posted: `method:json:callback:sid`, the same without `json`, or an object.
 * Returns { method, params, callback, sid, requestId } or null when it is nothing of the kind.
 */
export function read(data) {
  if (typeof data === "string") return readText(data)
  if (!data || typeof data.method !== "string") return null
  const { method, params, callback = "", appSid: sid, requestId } = data
  return { method, params: params || {}, callback, sid, requestId }
}

function readText(text) {
  const parts = text.split(":")
  if (parts.length < 3) return null
  const method = parts.shift()
  const sid = parts.pop()
  const callback = parts.pop()
  const params = readJson(parts.join(":"))
  return params === null ? null : { method, params, callback, sid }
}

function readJson(text) {
  if (text === "") return {}
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return null
  }
}

/** The string that answers a callback; nothing stands behind the colon when there is no result. */
export function answer(callback, result) {
  return `${callback}:${result === undefined ? "" : JSON.stringify(result)}`
}

/** The same JSON with tokens cut short, fit to be shown. */
export function masked(value) {
  return JSON.stringify(value, (key, part) =>
    /^(AUTH_ID|REFRESH_ID)$/.test(key) && part ? `${String(part).slice(0, 4)}…` : part)
}
