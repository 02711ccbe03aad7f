// Draws the chat's text area from what the form says now.

const LARGEST = { width: 300, height: 150 }

export function preview(box) {
  const form = box.closest("form")
  const part = (name) => box.querySelector(`[data-part="${name}"]`)
  const language = part("language")
  for (const name of ["input", "change", "htmx:afterSettle"]) form.addEventListener(name, draw)
  draw()

  function draw() {
    box.classList.toggle("is-active", part("active").checked)
    drawLanguages()
    drawWords()
    drawIcon()
    drawScreen()
  }

  function rows() {
    return [...form.querySelectorAll("[data-rows] [data-row]")]
  }

  function drawLanguages() {
    const chosen = language.value || language.dataset.first // the person's own to begin with
    const options = rows().map((row) => {
      const { value, selectedOptions } = row.querySelector("select")
      return new Option(selectedOptions[0].text, value, false, value === chosen)
    })
    language.replaceChildren(...options)
  }

  function drawWords() {
    const row = rows()[language.selectedIndex]
    const value = (name) => row.querySelector(`[name="${name}"]`).value.trim()
    const title = value("title") || box.dataset.untitled
    for (const element of box.querySelectorAll("[data-title]")) element.textContent = title
    part("description").textContent = value("description")
    part("description").hidden = !value("description")
    part("trial").setAttribute("aria-label", title)
  }

  // An icon of its own, else behind the common button; a hidden one is not in the text area.
  function drawIcon() {
    const source = form.querySelector("[data-sprite]")?.src ?? ""
    const hidden = form.elements.hidden.checked
    for (const half of box.querySelectorAll(".half")) {
      half.hidden = !source
      if (source) half.src = source
    }
    for (const element of box.querySelectorAll("[data-grouped]")) element.hidden = Boolean(source)
    for (const element of box.querySelectorAll("[data-shown]")) element.hidden = hidden
    part("hidden").hidden = !hidden
  }

  function drawScreen() {
    const width = Number(form.elements.iframe_width.value) || 320
    const height = Number(form.elements.iframe_height.value) || 250
    const scale = Math.min(1, LARGEST.width / width, LARGEST.height / height)
    const opens = form.elements.kind.value === "iframe" && part("active").checked
    part("screen").hidden = !opens
    part("label").hidden = opens
    part("screen").style.width = `${Math.max(90, width * scale)}px`
    part("screen").style.height = `${Math.max(60, height * scale)}px`
    part("size").textContent = `${width} × ${height}`
  }
}
