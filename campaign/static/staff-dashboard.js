// Keeps the dashboard up to date: when the public stream reports a change, fetch the page's parts again.
const box = document.getElementById("live");
const EVERY = 5_000;
const LATEST = 60_000;
let last = Date.now();
let timer;
let busy = false;

async function refresh() {
  clearTimeout(timer);
  if (busy || document.hidden) return;
  busy = true;
  try {
    const answer = await fetch(window.location.pathname, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of box.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      // Do not replace a part that someone is using.
      const used = part.contains(document.activeElement) || part.querySelector("details[open]");
      if (fresh && (!used || part.id === "standing")) part.replaceWith(document.importNode(fresh, true));
    }
    last = Date.now();
  } catch {
    // The next event tries again; the page shows when it was last updated.
  } finally {
    busy = false;
    timer = setTimeout(refresh, LATEST);
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(0, last + EVERY - Date.now()));
}

let source;
function listen() {
  source?.close();
  if (document.hidden) return;
  source = new EventSource(box.dataset.stream);
  source.addEventListener("progress", (event) => {
    const shown = document.getElementById("standing").dataset;
    const progress = JSON.parse(event.data);
    if (String(progress.raised) !== shown.raised || String(progress.pending) !== shown.pending) soon();
  });
  soon();
}

document.addEventListener("visibilitychange", listen);
listen();
