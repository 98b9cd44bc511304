// Updates the donation form as people fill it in: the other amount, the fees, the button's text, a single submission.
// The form works without it, and nothing is stored in the browser.
const form = document.querySelector("[data-form]");
const words = form.dataset;
const language = document.documentElement.dataset.figures || "en";
const { amount, amount_other: free, attempt, frequency, cover_fees: cover, shared } = form.elements;
const button = form.querySelector("[type=submit]");
const amounts = amount instanceof RadioNodeList ? [...amount] : [amount];
const hint = document.querySelector("#cover_fees-hint");
const other = amounts.find((radio) => radio.value === "other");

const style = { style: "currency", currency: words.currency };
// From the server: for some currencies, Stripe's minor unit is not the browser's.
const digits = Number(words.digits);
const sample = new Intl.NumberFormat(language, style).formatToParts(12345.6);
const sign = (type) => sample.find((part) => part.type === type)?.value ?? "";

// Only an estimate for the button's text; the server parses what was typed.
function typedAmount(text) {
  const bare = text.replace(sign("currency"), "").trim();
  const [whole, part = "", more] = bare.split(sign("decimal") || ".");
  const grouped = whole.split(sign("group"));
  const wellGrouped = grouped.length === 1 || grouped.slice(1).every((group) => group.length === 3);
  const plain = grouped.join("");
  if (more !== undefined || !wellGrouped || !/^\d{1,8}$/.test(plain)) return 0;
  return /^\d*$/.test(part) && part.length <= digits ? Number(`${plain}.${part || 0}`) : 0;
}

const given = () => {
  const chosen = amounts.find((radio) => radio.checked);
  return chosen === other ? typedAmount(free.value) : typedAmount(chosen?.value ?? "");
};

function shown(value) {
  const places = Number.isInteger(value) ? 0 : digits;
  const fixed = { ...style, minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(language, fixed).format(value);
}

function name(value) {
  if (!value) return words.plain;
  const named = words[frequency.value || "one_time"].replace("{amount}", shown(value));
  return cover.checked ? words.cover.replace("{text}", named) : named;
}

// Same calculation as on the server; the next page shows the server's result.
// In whole minor units and millionths of the rate, because fractions such as 0.029 have no exact binary form.
function fees(value) {
  const unit = 10 ** digits;
  const millionths = 1_000_000 - Math.round(Number(words.rate) * 1_000_000);
  const gift = Math.round(value * unit);
  const gross = Math.round(((gift + Math.round(Number(words.fixed) * unit)) * 1_000_000) / millionths);
  return (gross - gift) / unit;
}

// On a shared computer, turn off autocomplete, even if the box is ticked after typing.
const remembered = [...form.querySelectorAll("[autocomplete]:not([autocomplete=off])")].map((one) => [one, one.autocomplete]);
let sent = false;

function refresh() {
  const value = given();
  sent = false;
  button.removeAttribute("aria-disabled");
  button.textContent = name(value);
  if (value) hint.textContent = words.hint.replace("{gift}", shown(value)).replace("{cover}", shown(fees(value)));
  form.autocomplete = shared.checked ? "off" : "on";
  remembered.forEach(([field, kind]) => (field.autocomplete = shared.checked ? "off" : kind));
}

free.addEventListener("input", () => {
  if (free.value.trim()) other.checked = true;
});
form.addEventListener("change", (event) => {
  if (event.target.name !== "amount") return;
  if (event.target !== other) free.value = "";
});
// A click moves focus to the other amount; arrow keys must stay among the radio buttons.
other.addEventListener("click", (event) => event.detail && free.focus());
form.addEventListener("input", refresh);
form.addEventListener("change", refresh);
form.addEventListener("submit", (event) => {
  if (sent) return event.preventDefault();
  sent = true;
  // Not disabled: the browser would not send a disabled button's own field.
  button.setAttribute("aria-disabled", "true");
  button.textContent = words.wait;
});
window.addEventListener("pageshow", refresh);

// The page is the same for every reader, so a random part makes this view's attempt unique. A form shown again with
// what was typed keeps its attempt.
const RANDOM = /~[0-9a-f]{16}$/;
if (!RANDOM.test(attempt.value)) {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  attempt.value += `~${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

if (!("autofocus" in HTMLElement.prototype)) document.querySelector("#errors, #notice")?.focus();
refresh();
