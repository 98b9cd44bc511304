// Looks up the code and the email address while staff enter an offline gift. The form works without it.
const form = document.querySelector("form.envelope");

async function look() {
  const { code, email, campaign } = form.elements;
  const result = form.querySelector("[data-lookup-result]");
  if (!code.value.trim() && !email.value.trim()) {
    result.textContent = "";
    return;
  }
  const asked = new URLSearchParams({ code: code.value, email: email.value });
  try {
    const answer = await fetch(`${form.dataset.look}?${asked}`);
    if (!answer.ok) return;
    const found = await answer.json();
    result.textContent = [found.code, found.email].filter(Boolean).join(" ");
    if (found.campaign) campaign.value = found.campaign;
    if (found.giver) fillIn(found.giver);
  } catch {
    // No connection: the server looks them up when the form is sent.
  }
}

// Fill in the recipient of the coupon, unless staff have already typed something.
function fillIn(giver) {
  const fields = Object.keys(giver).map((name) => form.elements[name]);
  if (fields.some((field) => field.value.trim())) return;
  for (const field of fields) field.value = giver[field.name];
}

if (form) {
  form.elements.code.addEventListener("change", look);
  form.elements.email.addEventListener("change", look);
}
