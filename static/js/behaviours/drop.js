// The icon's file field: picked or dropped, the file is sent by its htmx trigger "picked".

export function drop(field) {
  const zone = field.querySelector("[data-zone]")
  const input = field.querySelector('input[type="file"]')
  const bar = field.querySelector("progress")
  const send = () => { if (input.files.length) input.dispatchEvent(new Event("picked")) }

  input.addEventListener("change", send)
  field.querySelector('input[type="checkbox"]').addEventListener("change", send)

  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, hover)
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => zone.classList.remove("is-over"))
  zone.addEventListener("drop", (event) => {
    event.preventDefault()
    if (!event.dataTransfer.files.length) return
    input.files = event.dataTransfer.files
    send()
  })

  input.addEventListener("htmx:beforeSend", () => { bar.hidden = false })
  input.addEventListener("htmx:xhr:progress", ({ detail }) => {
    if (!detail.lengthComputable) return
    if (detail.loaded < detail.total) bar.value = detail.loaded / detail.total
    else bar.removeAttribute("value") // sent; the server is drawing
  })
  input.addEventListener("htmx:afterRequest", () => { bar.hidden = true })

  function hover(event) {
    event.preventDefault()
    zone.classList.add("is-over")
  }
}
