// The file field of an icon or avatar: picked or dropped, the file is sent by its htmx trigger
// "picked". A refused one leaves the picture that is there.

const REFUSED = 422

export function drop(field) {
  const zone = field.querySelector("[data-zone]")
  const input = field.querySelector('input[type="file"]')
  const bar = field.querySelector("progress")
  const send = () => {
    if (!input.files.length) return
    if (input.files[0].size > Number(input.dataset.most)) return sayTooBig()
    input.dispatchEvent(new Event("picked", { bubbles: true }))
  }

  input.addEventListener("change", send)
  field.querySelector('input[type="checkbox"]')?.addEventListener("change", send)

  field.addEventListener("picked", ({ target }) => { // something else: the file is not sent again
    if (target !== input) input.value = ""
  })

  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, hover)
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"))
  zone.addEventListener("drop", (event) => {
    event.preventDefault()
    if (!event.dataTransfer.files.length) return
    input.files = event.dataTransfer.files
    send()
  })

  for (const name of ["dragover", "drop"]) document.addEventListener(name, keepPage)

  input.addEventListener("htmx:beforeSend", () => { bar.hidden = false })
  input.addEventListener("htmx:xhr:progress", ({ detail }) => {
    if (!detail.lengthComputable) return
    if (detail.loaded < detail.total) bar.value = detail.loaded / detail.total
    else bar.removeAttribute("value") // sent; the server is drawing
  })
  input.addEventListener("htmx:afterRequest", () => { bar.hidden = true })

  field.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status !== REFUSED) return
    detail.target = word()
    detail.selectOverride = `#${word().id}`
    detail.swapOverride = "outerHTML"
  })

  function word() {
    return field.querySelector("[data-word]")
  }

  function sayTooBig() {
    const text = field.querySelector("template[data-too-big]").content.cloneNode(true)
    word().replaceChildren(text)
  }

  function hover(event) {
    event.preventDefault()
    zone.classList.add("is-over")
  }
}

// A file dropped beside the field must not replace the page.
function keepPage(event) {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault()
}
