/** Panels the portal opens for the application: a side panel with another page of it, a choice of people. */

/** Opens the application in the side panel; settles, with nothing, once the panel is closed. */
export function slide(url, params) {
  const panel = document.getElementById("slider")
  const own = Object.entries(params).filter(([key]) => !key.startsWith("bx24_"))
  const query = new URLSearchParams([...own, ["IFRAME", "Y"], ["IFRAME_TYPE", "SIDE_SLIDER"]])
  if (params.bx24_title) panel.querySelector("h2").textContent = params.bx24_title
  panel.style.width = Number(params.bx24_width) > 0 ? `min(${Number(params.bx24_width)}px, 100vw)` : ""
  panel.querySelector("iframe").src = `${url}?${query}`
  panel.showModal()
  return new Promise((resolve) => panel.addEventListener("close", () => {
    panel.querySelector("iframe").src = "about:blank"
    resolve(undefined)
  }, { once: true }))
}

/** Asks for one person or several; settles with null when the choice is given up. */
export function chooseUsers(several) {
  const dialog = document.getElementById("choose-user")
  const boxes = [...dialog.querySelectorAll("input")]
  boxes.forEach((box) => Object.assign(box, { type: several ? "checkbox" : "radio", checked: false }))
  dialog.returnValue = ""
  dialog.showModal()
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    const people = boxes.filter((box) => box.checked).map(person)
    const given = dialog.returnValue === "chosen" && people.length > 0
    resolve(given ? (several ? people : people[0]) : null)
  }, { once: true }))
}

function person(box) {
  return { id: box.value, name: box.dataset.name, photo: "", position: "", url: "", sub: false, sup: false }
}
