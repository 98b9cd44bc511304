// Share the link: copy it, or open the system's share dialog. Sharing is not tracked.
const offer = document.querySelector("[data-share]");
const { share: url, copy, copied, more } = offer.dataset;
const shared = document.querySelector("[data-part=shared]");
function button(text, work) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "linked", textContent: text });
  made.addEventListener("click", work);
  offer.append(" ", made);
}
if (navigator.clipboard) button(copy, () => navigator.clipboard.writeText(url).then(() => (shared.textContent = copied), () => {}));
if (navigator.share) button(more, () => navigator.share({ title: document.title, url }).catch(() => {}));
