// Rows of translations: add, remove, no language twice, warnings for missing ones.

export function rows(field) {
  const list = field.querySelector("[data-rows]")
  const template = field.querySelector("template")
  const add = field.querySelector("[data-add]")
  let number = list.children.length
  const selects = () => [...list.querySelectorAll("select")]

  add.addEventListener("click", () => {
    list.append(newRow())
    changed()
    list.lastElementChild.querySelector("select").focus()
  })
  list.addEventListener("click", ({ target }) => {
    const row = target.closest("[data-remove]")?.closest("[data-row]")
    if (!row || list.children.length === 1) return
    const neighbour = row.nextElementSibling ?? row.previousElementSibling
    row.remove()
    changed()
    neighbour.querySelector("[data-main]").focus()
  })
  for (const name of ["change", "input"]) list.addEventListener(name, update)
  update()

  function newRow() {
    const row = template.content.firstElementChild.cloneNode(true)
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const name of ["id", "for", "aria-labelledby"]) {
        const value = element.getAttribute(name)
        if (value) element.setAttribute(name, value.replaceAll("__n__", number))
      }
    }
    number += 1
    const taken = selects().map((select) => select.value)
    const wanted = [...field.dataset.first.split(" "), ...options(row).map((option) => option.value)]
    row.querySelector("select").value = wanted.find((language) => !taken.includes(language))
    return row
  }

  function changed() {
    list.dispatchEvent(new Event("input", { bubbles: true }))
  }

  function update() {
    const taken = selects().map((select) => select.value)
    for (const select of selects()) {
      for (const option of select.options) {
        option.disabled = option.value !== select.value && taken.includes(option.value)
      }
    }
    add.disabled = taken.length >= options(list).length
    for (const warning of field.querySelectorAll("[data-missing]")) {
      warning.hidden = !titled().length || titled().includes(warning.dataset.missing)
    }
  }

  // Nothing is missing while no title at all was typed.
  function titled() {
    return selects()
      .filter((select) => select.closest("[data-row]").querySelector("[data-main]").value.trim())
      .map((select) => select.value)
  }

  function options(part) {
    return [...part.querySelector("select").options]
  }
}
