// Copies a field's text. The frame has no clipboard permission, hence execCommand.

export function copy(button) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.field)
    field.select()
    const copied = document.execCommand("copy")
    button.focus()
    if (copied) say("success", button.dataset.copied)
    else field.focus() // selected: the keyboard can still copy it
  })

  function say(kind, text) {
    button.dispatchEvent(new CustomEvent("message", { bubbles: true, detail: { kind, text } }))
  }
}
