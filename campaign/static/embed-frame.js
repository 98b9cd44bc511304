// Inside the frame: report its height to the page around it, and when the reader closes it.
const send = (message) => window.parent.postMessage({ from: "campaign-appeal", ...message }, "*");
const measure = () => send({ height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
new ResizeObserver(measure).observe(document.body);
// Browsers do not observe sizes far below the visible part, so measure again once everything is shown.
document.addEventListener("appeal-shown", measure);
document.addEventListener("appeal-closed", () => send({ height: 0, closed: true }));
measure();
