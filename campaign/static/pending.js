// Check every five seconds whether Stripe has confirmed the payment; reload the page only then.
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (answer.ok && !(await answer.text()).includes("data-waiting")) location.reload();
  } catch {
    // No connection; check again next time.
  }
}, 5_000);
