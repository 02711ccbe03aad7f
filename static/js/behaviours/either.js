// Boxes of which one means all: choosing it clears the others, choosing another clears it.

export function either(group) {
  group.addEventListener("change", ({ target }) => {
    if (!target.checked) return
    const isAll = "every" in target.dataset
    for (const box of group.querySelectorAll('[type="checkbox"]')) {
      if (box !== target && (isAll || "every" in box.dataset)) box.checked = false
    }
  })
}
