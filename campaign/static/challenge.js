// The short wait before a gift while thieves test cards: continues automatically once the wait is over, or sooner with
// proof of work. Without this script, people wait as long and press Continue.
const form = document.querySelector("[data-challenge]");
const status = document.querySelector("#wait");
const { puzzle, worker: solver, working, waiting, ready } = form.dataset;
const { proof } = form.elements;
const button = form.querySelector("[type=submit]");
let calculating = false;
let sent = false;

function proceed() {
  calculating = false;
  status.textContent = ready;
  if (!sent) form.requestSubmit(button);
}

function wait() {
  calculating = false;
  status.textContent = waiting;
}

// Browsers have WebCrypto only on pages with https. If the calculation fails, the wait goes on.
function solve() {
  const worker = new Worker(solver);
  worker.addEventListener("message", ({ data }) => {
    proof.value = data;
    if (data) proceed();
    else wait();
  });
  worker.addEventListener("error", wait);
  worker.postMessage(JSON.parse(puzzle));
  calculating = true;
  status.textContent = working;
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.name) return;
  if (sent || calculating) return event.preventDefault();
  sent = true;
});
// Back from Stripe's page: the donor decides whether to go there again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) sent = false;
});

setTimeout(proceed, (Number(form.dataset.seconds) + 0.5) * 1000);
if (puzzle && globalThis.Worker && globalThis.crypto?.subtle) solve();
else wait();
