// Keeps the dashboard current: the public stream says that something moved, and the page's parts are fetched anew.
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
      // What someone reads or uses right now stays as it is.
      const used = part.contains(document.activeElement) || part.querySelector("details[open]");
      if (fresh && (!used || part.id === "standing")) part.replaceWith(document.importNode(fresh, true));
    }
    last = Date.now();
  } catch {
    // The next event tries again; the page says as of when it is.
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
    const told = JSON.parse(event.data);
    if (String(told.raised) !== shown.raised || String(told.pending) !== shown.pending) soon();
  });
  soon();
}

document.addEventListener("visibilitychange", listen);
listen();
