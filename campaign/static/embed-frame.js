// Inside the frame: tells the page around it how tall it is, and when the reader has closed it.
const tell = (message) => window.parent.postMessage({ from: "campaign-appeal", ...message }, "*");
const measure = () => tell({ height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
new ResizeObserver(measure).observe(document.body);
// Far below the window browsers watch no sizes, so it is told once more when all stands there.
document.addEventListener("appeal-shown", measure);
document.addEventListener("appeal-closed", () => tell({ height: 0, closed: true }));
measure();
