// Shows in a picture what the form around it says now.
// data-from="field field": their values; data-row="rows:field": that of the chosen language's
// row; data-otherwise: the words where there are none. data-face: a bot's avatar or colour.

export function mirror(box) {
  const form = box.closest("form")
  const language = box.querySelector('[data-part="language"]')
  for (const name of ["input", "change", "htmx:afterSettle"]) form.addEventListener(name, draw)
  draw()

  function draw() {
    drawLanguages()
    for (const element of box.querySelectorAll("[data-from]")) {
      write(element, element.dataset.from.split(" ").map(value).filter(Boolean).join(" "))
    }
    for (const element of box.querySelectorAll("[data-row]")) {
      write(element, rowValue(...element.dataset.row.split(":")))
    }
    const face = box.querySelector("[data-face]")
    if (face) drawFace(face)
  }

  function value(name) {
    return form.elements[name]?.value.trim() ?? ""
  }

  function write(element, text) {
    element.textContent = text || (element.dataset.otherwise ?? "")
    element.classList.toggle("is-otherwise", !text)
  }

  function rows(name = "") {
    return [...form.querySelectorAll(`[data-rows${name && `="${name}"`}] > [data-row]`)]
  }

  function drawLanguages() {
    const chosen = language.value || language.dataset.first // the person's own to begin with
    const known = new Map(rows().map((row) => {
      const { value: code, selectedOptions } = row.querySelector("select")
      return [code, selectedOptions[0].text]
    }))
    language.replaceChildren(...[...known].map(([code, name]) => new Option(name, code, false, code === chosen)))
  }

  // A language without a row shows the first row, as the portal's own would.
  function rowValue(name, field) {
    const all = rows(name)
    const row = all.find((one) => one.querySelector("select").value === language.value) ?? all[0]
    return row?.querySelector(`[id$="-${field}"]`).value.trim() ?? ""
  }

  function drawFace(face) {
    const source = form.querySelector("[data-picture]")?.src ?? ""
    const image = face.querySelector("img")
    image.hidden = !source
    if (source) image.src = source
    const colour = form.querySelector('[name="color"]:checked')?.dataset.hex
    if (colour) face.querySelector("circle").setAttribute("fill", colour)
    face.querySelector("text").textContent = value("name").slice(0, 1).toUpperCase()
  }
}
