// Shows the parts of a form that belong to the chosen value: data-for="field:value".

export function reveal(form) {
  const parts = form.querySelectorAll("[data-for]")
  form.addEventListener("change", update)
  update()

  function update() {
    for (const part of parts) {
      const [name, value] = part.dataset.for.split(":")
      part.hidden = form.elements[name]?.value !== value
    }
  }
}
