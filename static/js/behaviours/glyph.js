// The picture of a widget: picked or named, it is drawn everywhere the form shows it.

export function glyph(form) {
  const field = form.elements.icon_name
  const sheet = document.querySelector("link[data-glyphs]")
  form.addEventListener("input", ({ target }) => {
    if (target.name === "icon_pick") field.value = target.value
    if (target === field) choose()
    draw()
  })
  sheet?.addEventListener("load", draw)
  const early = form.querySelector('[name="icon_pick"]:checked') // before this script was there
  if (early && !early.defaultChecked) field.value = early.value
  draw()

  function name() {
    return field.value.trim().toLowerCase().replace(/^fa\s+/, "")
  }

  function choose() {
    for (const radio of form.querySelectorAll('[name="icon_pick"]')) radio.checked = radio.value === name()
  }

  function draw() {
    const hex = form.querySelector('[name="color"]:checked')?.dataset.hex
    const known = /^fa(-[a-z0-9]+)+$/.test(name()) ? name() : ""
    for (const mark of form.querySelectorAll("[data-glyph]")) {
      if (hex) mark.querySelector("circle").setAttribute("fill", hex)
      mark.querySelector("i").className = `fa ${known}`
    }
    form.querySelector("[data-unknown]").hidden = !sheet?.sheet || drawn()
  }

  // The style sheet has a sign for each name it knows.
  function drawn() {
    const mark = form.querySelector("[data-glyph] i")
    return getComputedStyle(mark, "::before").content !== "none"
  }
}
