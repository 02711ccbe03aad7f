/** Starts the behaviours of a portal page. */
import { startChat } from "./chat.js"
import { startDialogs } from "./dialogs.js"
import { startDisclosures } from "./disclosures.js"
import { startLanguage } from "./language.js"
import { startWidgets } from "./widgets.js"

startDialogs()
startDisclosures()
document.querySelectorAll("select[data-language]").forEach(startLanguage)
document.querySelectorAll("[data-chat]").forEach(startChat)
document.querySelectorAll('[data-view="online"]').forEach(startWidgets)
