// Refresh the list without reloading the page. The page changes only when an email arrives.

const EVERY = 2000; // milliseconds

async function refresh() {
  const response = await fetch("/", { headers: { Accept: "text/html" } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const current = document.getElementById("listing");
  const next = fresh.getElementById("listing");
  if (current.innerHTML === next.innerHTML) return;
  const focused = current.contains(document.activeElement) && document.activeElement.closest("li");
  current.replaceWith(next);
  document.title = fresh.title;
  if (focused) document.querySelector(`#${focused.id} a`)?.focus({ preventScroll: true });
}

async function poll() {
  if (!document.hidden) {
    try {
      await refresh();
    } catch {
      // The viewer is not running. Try again next time.
    }
  }
  setTimeout(poll, EVERY);
}

setTimeout(poll, EVERY);
