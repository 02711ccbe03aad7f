// The picture of a widget or a chat app: picked, or found by its name. It is drawn everywhere the
// form shows it; the field's "picked" says that there is another one.

const MOST = 48 // found at once

export function glyph(box) {
  const form = box.closest("form")
  const field = box.querySelector("[data-name]")
  const list = box.querySelector("[data-list]")
  const unknown = box.querySelector("[data-unknown]")
  const sheet = document.querySelector("link[data-glyphs]")
  const offered = [...list.children]
  let glyphs = [] // of each glyph its names, as the style sheet has them
  let told = field.value

  field.addEventListener("input", find)
  field.addEventListener("change", () => take(name()))
  field.addEventListener("keydown", finish)
  list.addEventListener("input", ({ target }) => take(target.value))
  form.addEventListener("input", draw) // its colour, too
  field.addEventListener("htmx:afterRequest", retry)
  form.addEventListener("picked", ({ target }) => { if (target !== field) forget() })
  sheet.addEventListener("load", learn)
  if (sheet.sheet) learn()
  const early = list.querySelector(":checked") // before this script was there
  if (early && !early.defaultChecked) take(early.value)
  draw()

  function learn() {
    glyphs = [...sheet.sheet.cssRules].map(({ selectorText = "" }) => {
      return [...selectorText.matchAll(/\.(fa-[a-z0-9-]+)::?before/g)].map((match) => match[1])
    })
    unknown.hidden = !field.value || knows(name())
  }

  function knows(wanted) {
    return !sheet.sheet || glyphs.some((names) => names.includes(wanted))
  }

  // As it is called: also a word alone may be meant as a name.
  function name() {
    const typed = field.value.trim().toLowerCase().replace(/^fa\s+/, "")
    return sheet.sheet && knows(`fa-${typed}`) ? `fa-${typed}` : typed
  }

  function find() {
    const found = search()
    const isSearch = field.value.trim() && sheet.sheet
    list.replaceChildren(...(isSearch ? found.map(one) : offered))
    unknown.hidden = !isSearch || found.length > 0
    choose()
  }

  function search() {
    const wanted = field.value.trim().toLowerCase().replace(/^fa[\s-]+/, "").replace(/\s+/g, "-")
    const order = (first, second) => rank(first.slice(3), wanted) - rank(second.slice(3), wanted)
    const fitting = (names) => names.filter((each) => each.slice(3).includes(wanted))
    return glyphs.flatMap((names) => fitting(names).sort(order).slice(0, 1)).sort(order).slice(0, MOST)
  }

  function one(found) {
    const label = offered.find((each) => each.title === found) ?? offered[0].cloneNode(true)
    const radio = label.querySelector("input")
    label.title = radio.value = found
    radio.setAttribute("aria-label", found.slice(3).replaceAll("-", " "))
    label.querySelector("i").className = `fa ${found}`
    return label
  }

  // Enter takes what is named or found first; the form is not saved by it.
  function finish(event) {
    if (event.key !== "Enter") return
    event.preventDefault()
    take(knows(name()) ? name() : search()[0] ?? name())
  }

  function take(chosen) {
    const isKnown = knows(chosen)
    unknown.hidden = isKnown || !chosen || search().length > 0
    if (isKnown) field.value = chosen
    choose()
    draw()
    if (!isKnown || !chosen || chosen === told) return
    told = chosen
    field.dispatchEvent(new Event("picked", { bubbles: true }))
  }

  // What did not arrive may be picked once more, unless it is another one by now.
  function retry({ detail }) {
    if (detail.successful || detail.requestConfig.parameters[field.name] !== field.value) return
    told = ""
    for (const radio of list.querySelectorAll("input")) radio.checked = false
  }

  // A file is the icon now.
  function forget() {
    field.value = told = ""
    find()
  }

  function choose() {
    for (const radio of list.querySelectorAll("input")) radio.checked = radio.value === name()
  }

  function draw() {
    const hex = form.querySelector('[name="color"]:checked')?.dataset.hex
    const known = /^fa(-[a-z0-9]+)+$/.test(name()) ? name() : ""
    for (const mark of form.querySelectorAll("[data-glyph]")) {
      if (hex) mark.querySelector("circle").setAttribute("fill", hex)
      mark.querySelector("i").className = `fa ${known}`
    }
  }
}

function rank(name, wanted) {
  if (name === wanted) return 0
  if (name.startsWith(wanted)) return 1
  return name.includes(`-${wanted}`) ? 2 : 3
}
