/** The popup with a chat app's own page, and the messages of that page. */
export function makePopup(box, deeds) {
  const open = { button: null, frame: null, origin: "", loadId: "" }
  const close = () => {
    open.frame?.remove()
    open.button?.setAttribute("aria-expanded", "false")
    const { button } = open
    Object.assign(open, { button: null, frame: null })
    box.hidden = true
    button?.focus()
  }
  const show = (button) => {
    const address = new URL(button.dataset.src)
    Object.assign(open, { button, origin: address.origin, loadId: crypto.getRandomValues(new Uint32Array(2)).join("") })
    open.frame = makeFrame(button, open)
    button.setAttribute("aria-expanded", "true")
    box.querySelector("h3").textContent = button.getAttribute("aria-label")
    list(box.querySelector("dl"), address.searchParams)
    box.classList.toggle("popup--free", "free" in button.dataset)
    box.removeAttribute("style")
    box.querySelector("header").after(open.frame)
    box.hidden = false
    box.querySelector("[data-popup-close]").focus()
  }
  const act = {
    send: ({ message }) => deeds.send(message),
    put: ({ message }) => deeds.put(message),
    call: ({ number }) => deeds.call(number),
    support: ({ code }) => deeds.support(code),
    close,
  }
  addEventListener("message", (event) => {
    if (!open.frame || event.source !== open.frame.contentWindow || event.origin !== open.origin) return
    const message = parse(event.data)
    if (message?.uniqueLoadId === open.loadId && Object.hasOwn(act, message.action)) act[message.action](message)
  })
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") close() })
  box.querySelector("[data-popup-close]").addEventListener("click", close)
  dragByBar(box)
  return {
    toggle(button) {
      const again = open.button === button
      if (open.button) close()
      if (!again) show(button)
    },
  }
}

function makeFrame(button, open) {
  const frame = document.createElement("iframe")
  const { src, width, height } = button.dataset
  frame.title = button.getAttribute("aria-label")
  frame.style.width = `${width}px`
  frame.style.height = `${height}px`
  frame.addEventListener("load", () => {
    const hello = JSON.stringify({ action: "init", uniqueLoadId: open.loadId })
    frame.contentWindow?.postMessage(hello, open.origin)
  })
  frame.src = src
  return frame
}

function list(dl, params) {
  dl.replaceChildren(...[...params].flatMap(([name, value]) => {
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")]
    dt.textContent = name
    dd.textContent = value
    return [dt, dd]
  }))
}

function parse(data) {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}

/** A popup of IFRAME_POPUP can be moved by its title bar. */
function dragByBar(box) {
  const bar = box.querySelector("header")
  bar.addEventListener("pointerdown", (event) => {
    if (!box.classList.contains("popup--free") || event.target.closest("button")) return
    const area = box.parentElement.querySelector(".talk__log").getBoundingClientRect()
    const rect = box.getBoundingClientRect()
    const from = { x: event.clientX - rect.left + area.left, y: event.clientY - rect.top + area.top }
    bar.setPointerCapture(event.pointerId)
    bar.onpointermove = (move) => {
      Object.assign(box.style, { bottom: "auto", left: `${move.clientX - from.x}px`, top: `${move.clientY - from.y}px` })
    }
    bar.onpointerup = () => { bar.onpointermove = null }
  })
}
