// Follows the donation form along: the free amount, the button's words, one submission. The form is complete without it.
const form = document.querySelector("[data-form]");
const words = form.dataset;
const language = document.documentElement.lang || "en";
const { amount, amount_other: free, attempt, frequency, cover_fees: cover } = form.elements;
const button = form.querySelector("[type=submit]");
const amounts = amount instanceof RadioNodeList ? [...amount] : [amount];
const other = amounts.find((radio) => radio.value === "other");

const style = { style: "currency", currency: words.currency };
const digits = new Intl.NumberFormat(language, style).resolvedOptions().maximumFractionDigits;
const sample = new Intl.NumberFormat(language, style).formatToParts(12345.6);
const sign = (type) => sample.find((part) => part.type === type)?.value ?? "";

// Only a guess for the button's words; the server reads what was typed.
function typedAmount(text) {
  const bare = text.replace(sign("currency"), "").trim();
  const [whole, part = "", more] = bare.split(sign("decimal") || ".");
  const grouped = whole.split(sign("group"));
  const wellGrouped = grouped.length === 1 || grouped.slice(1).every((group) => group.length === 3);
  const plain = grouped.join("");
  if (more !== undefined || !wellGrouped || !/^\d{1,8}$/.test(plain)) return 0;
  return /^\d*$/.test(part) && part.length <= digits ? Number(`${plain}.${part || 0}`) : 0;
}

function name() {
  const chosen = amounts.find((radio) => radio.checked);
  const value = chosen === other ? typedAmount(free.value) : Number(chosen?.value);
  if (!value) return words.plain;
  const shown = Number.isInteger(value) ? 0 : digits;
  const fixed = { ...style, minimumFractionDigits: shown, maximumFractionDigits: shown };
  const text = new Intl.NumberFormat(language, fixed).format(value);
  const named = words[frequency.value || "one_time"].replace("{amount}", text);
  return cover.checked ? words.cover.replace("{text}", named) : named;
}

function refresh() {
  button.disabled = false;
  button.textContent = name();
}

free.addEventListener("input", () => {
  if (free.value.trim()) other.checked = true;
});
form.addEventListener("change", (event) => {
  if (event.target.name !== "amount") return;
  if (event.target !== other) free.value = "";
});
// A pointer moves on to the free amount; arrow keys among the radios must not be carried off.
other.addEventListener("click", (event) => event.detail && free.focus());
form.addEventListener("input", refresh);
form.addEventListener("change", refresh);
form.addEventListener("submit", (event) => {
  if (button.disabled) return event.preventDefault();
  button.disabled = true;
  button.textContent = words.wait;
});
window.addEventListener("pageshow", refresh);

// The page is the same for every reader: a random part makes this view's attempt its own. A form that comes back with
// what was typed keeps the one it had.
const RANDOM = /~[0-9a-f]{16}$/;
if (!RANDOM.test(attempt.value)) {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  attempt.value += `~${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

if (!("autofocus" in HTMLElement.prototype)) document.querySelector("#errors, #notice")?.focus();
refresh();
