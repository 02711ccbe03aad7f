// Shows the REST calls that pressing another button would make, before it is pressed.

/** A button in a form: the calls of saving it. */
export function rehearse(button) {
  button.addEventListener("click", () => showCalls(button.form, button))
}

/** The dialog of the calls: it opens with what comes into it. */
export function calls(dialog) {
  dialog.querySelector("[data-content]").addEventListener("htmx:afterSwap", () => {
    if (!dialog.open) dialog.showModal()
  })
}

/** `source` is the form or the button whose request is shown; `pressed` waits meanwhile. */
export async function showCalls(source, pressed) {
  pressed.classList.add("is-busy")
  try {
    await window.htmx.ajax("POST", `${source.getAttribute("hx-post")}?rehearsal=1`, {
      source,
      target: "#calls [data-content]",
      swap: "innerHTML",
    })
  } finally {
    pressed.classList.remove("is-busy")
  }
}
