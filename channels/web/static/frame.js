// The page inside another site's widget (widget.js): says when to close and what is new, hears when it is shown. It tells no words of anybody.
const host = window.parent === window ? null : window.parent;
const tell = (message) => host?.postMessage({ bricol: message.say, ...message }, "*"); // the site may be any: nothing said here is anybody's

export const frame = {
  inside: Boolean(host),
  shown: !host,
  unread: 0,
  close() { this.shown = false; tell({ say: "close" }); },
  speaks(locale) { tell({ say: "speaks", locale }); },
  heard() { if (!this.shown) tell({ say: "unread", n: ++this.unread }); }, // a message came while nobody could see it
  listen(onShown) {
    addEventListener("message", (event) => {
      if (!host || event.source !== host || !["shown", "hidden"].includes(event.data?.bricol)) return;
      this.shown = event.data.bricol === "shown";
      if (this.shown) { this.unread = 0; tell({ say: "unread", n: 0 }); onShown(); }
    });
    tell({ say: "ready" });
  },
};
