// Tells what a code names and who has an address while an envelope is being entered. The form is complete without it.
const form = document.querySelector("form.envelope");

async function look() {
  const { code, email, campaign } = form.elements;
  const told = form.querySelector("[data-told]");
  if (!code.value.trim() && !email.value.trim()) {
    told.textContent = "";
    return;
  }
  const asked = new URLSearchParams({ code: code.value, email: email.value });
  try {
    const answer = await fetch(`${form.dataset.look}?${asked}`);
    if (!answer.ok) return;
    const found = await answer.json();
    told.textContent = [found.code, found.email].filter(Boolean).join(" ");
    if (found.campaign) campaign.value = found.campaign;
    if (found.giver) fillIn(found.giver);
  } catch {
    // Out of reach: the server looks again when the form is sent.
  }
}

// Whom a posted coupon names; what is written by hand stays.
function fillIn(giver) {
  const fields = Object.keys(giver).map((name) => form.elements[name]);
  if (fields.some((field) => field.value.trim())) return;
  for (const field of fields) field.value = giver[field.name];
}

if (form) {
  form.elements.code.addEventListener("change", look);
  form.elements.email.addEventListener("change", look);
}
