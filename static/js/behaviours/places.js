// Shows of a widget's form and preview what one of the chosen places knows: data-places="A B".

export function places(form) {
  const parts = form.querySelectorAll("[data-places]")
  const nowhere = form.querySelector("[data-nowhere]")
  form.addEventListener("change", update)
  update()

  function update() {
    const boxes = form.querySelectorAll('[name="places"]:checked')
    const chosen = [...boxes].map((box) => box.value)
    for (const part of parts) {
      part.hidden = !part.dataset.places.split(" ").some((place) => chosen.includes(place))
    }
    nowhere.hidden = chosen.length > 0
  }
}
