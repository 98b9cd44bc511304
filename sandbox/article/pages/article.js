// The frame reports its height, and when the reader closes it.
const frame = document.querySelector("iframe");
addEventListener("message", ({ data, source }) => {
  if (source !== frame.contentWindow || data?.from !== "campaign-appeal") return;
  frame.height = data.height;
  frame.closest("section").hidden = Boolean(data.closed);
});
