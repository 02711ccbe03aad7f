// Starts the behaviours an element asks for with data-behaviour="name name",
// on the first page and in everything htmx swaps in later.
import * as fetching from "./fetch.js"
import * as frame from "./frame.js"
import * as pages from "./pages.js"
import { announce } from "./behaviours/announce.js"
import { choose } from "./behaviours/choose.js"
import { confirm } from "./behaviours/confirm.js"
import { copy } from "./behaviours/copy.js"
import { drop } from "./behaviours/drop.js"
import { guard } from "./behaviours/guard.js"
import { preview } from "./behaviours/preview.js"
import { calls, rehearse } from "./behaviours/rehearse.js"
import { reveal } from "./behaviours/reveal.js"
import { rows } from "./behaviours/rows.js"

const behaviours = { announce, calls, choose, confirm, copy, drop, guard, preview, rehearse, reveal, rows }
const started = new WeakSet()

function startIn(root) {
  const inside = root.querySelectorAll("[data-behaviour]")
  for (const element of [root, ...inside]) {
    if (!element.dataset?.behaviour || started.has(element)) continue
    started.add(element)
    for (const name of element.dataset.behaviour.split(" ")) startOne(name, element)
  }
}

// What only few pages use comes when it is asked for.
async function startOne(name, element) {
  const start = behaviours[name] ?? (await import(`./behaviours/${name}.js`))[name]
  start(element)
}

fetching.start()
pages.start()
frame.start()
startIn(document.body)
document.addEventListener("htmx:load", (event) => startIn(event.detail.elt))
// htmx starts at this event, too, but has asked for it earlier.
document.addEventListener("DOMContentLoaded", () => {
  document.documentElement.dataset.started = ""
  const early = document.querySelector("[data-early]") // see early.js
  early?.removeAttribute("data-early")
  early?.click()
})
