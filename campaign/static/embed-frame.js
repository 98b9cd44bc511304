// Inside the frame: tells the page around it how tall it is, and when the reader has closed it.
const tell = (message) => window.parent.postMessage({ from: "campaign-appeal", ...message }, "*");
const measure = () => tell({ height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
new ResizeObserver(measure).observe(document.body);
document.addEventListener("appeal-closed", () => tell({ height: 0, closed: true }));
measure();
