// Asks every five seconds whether Stripe's word has come, and reloads the page only when it has.
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (answer.ok && !(await answer.text()).includes("data-waiting")) location.reload();
  } catch {
    // No connection just now; the next round asks again.
  }
}, 5_000);
