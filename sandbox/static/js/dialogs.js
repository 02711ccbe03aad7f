/** Opens the dialog a button names in data-opens; data-closes closes the dialog around it. */
export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]")
    if (opener) document.getElementById(opener.dataset.opens).showModal()
    event.target.closest("[data-closes]")?.closest("dialog")?.close()
  })
}
