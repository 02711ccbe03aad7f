// Rows of a list are found by typing and chosen by ticking; what can be done to all the chosen
// ones appears with the first. A row that is not shown is never chosen.

export function choose(list) {
  const find = list.querySelector("[data-find]")
  const all = list.querySelector("[data-all]")
  const bar = list.querySelector("[data-bar]")
  const none = list.querySelector("[data-none]")
  const ticks = [...list.querySelectorAll('tbody input[type="checkbox"]')]
  const row = (tick) => tick.closest("tr")

  for (const tick of ticks) {
    // A row opens what it shows wherever else it is pressed.
    tick.closest("td").addEventListener("click", (event) => event.stopPropagation())
    tick.addEventListener("change", update)
  }
  all.addEventListener("change", () => {
    for (const tick of shown()) tick.checked = all.checked
    update()
  })
  find.addEventListener("input", () => {
    const wanted = plain(find.value)
    for (const tick of ticks) {
      row(tick).hidden = !plain(row(tick).textContent).includes(wanted)
      if (row(tick).hidden) tick.checked = false
    }
    for (const table of list.querySelectorAll("table")) {
      table.hidden = !table.querySelector("tbody tr:not([hidden])")
    }
    none.hidden = shown().length > 0
    update()
  })
  update()

  function shown() {
    return ticks.filter((tick) => !row(tick).hidden)
  }

  function update() {
    const chosenRows = ticks.filter((tick) => tick.checked).map(row)
    const chosen = chosenRows.length
    all.checked = chosen > 0 && chosen === shown().length
    all.indeterminate = chosen > 0 && !all.checked
    bar.hidden = chosen === 0
    bar.querySelector("[data-count]").textContent = chosen
    for (const button of bar.querySelectorAll("[data-asked]")) {
      button.dataset.title = button.dataset.asked.replace("{n}", chosen)
      button.dataset.text = withSums(button.dataset.says, chosenRows) + beyond(button.dataset, chosenRows)
      if (button.dataset.counted) {
        button.dataset.typed = chosen
        button.dataset.typedLabel = button.dataset.counted.replace("{n}", chosen)
      }
    }
  }
}

// Without regard to capitals and kinds of space: moments have some that do not break.
function plain(text) {
  return text.trim().toLowerCase().replace(/\s+/g, " ")
}

// {commands} becomes the sum of the rows' data-commands.
function withSums(text, rows) {
  return text.replace(/\{(\w+)\}/g, (_, name) => sum(rows, name))
}

// What is said of the rows' data-lines that are more than data-kept, if they are.
function beyond({ kept, beyond: said }, rows) {
  const more = said ? sum(rows, "lines") - Number(kept) : 0
  return more > 0 ? ` ${said.replace("{n}", more)}` : ""
}

function sum(rows, name) {
  return rows.reduce((total, row) => total + Number(row.dataset[name]), 0)
}
