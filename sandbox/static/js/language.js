/** A choice of language is saved at once. */
export function startLanguage(select) {
  select.addEventListener("change", () => select.form.requestSubmit())
}
