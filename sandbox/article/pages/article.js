// The frame tells how tall it is, and when the reader has closed it.
const frame = document.querySelector("iframe");
addEventListener("message", ({ data, source }) => {
  if (source !== frame.contentWindow || data?.from !== "campaign-appeal") return;
  frame.height = data.height;
  frame.closest("section").hidden = Boolean(data.closed);
});
