// Shows a connector as the contact centre would, here and beside the field of its drawing, from
// what the form around it says now.

const LEAST = 10
const MOST = 100

export function tile(box) {
  const form = box.closest("form")
  for (const name of ["input", "change", "htmx:afterSettle"]) form.addEventListener(name, draw)
  draw()

  function draw() {
    const { name, color, color_off: colorOff, size } = form.elements
    const grounds = { color: color.value, color_off: colorOff.value }
    const share = Math.min(MOST, Math.max(LEAST, Number(size.value) || MOST))
    const source = form.querySelector("[data-drawing]")?.src
    for (const mark of form.querySelectorAll("[data-ground]")) {
      mark.querySelector("rect").setAttribute("fill", grounds[mark.dataset.ground])
      const image = mark.querySelector("img")
      image.setAttribute("width", `${share}%`)
      image.setAttribute("height", `${share}%`)
      if (source) image.src = source
    }
    for (const element of box.querySelectorAll("[data-name]")) {
      element.textContent = name.value.trim() || box.dataset.nameless
    }
  }
}
