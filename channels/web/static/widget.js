// Bricol's chat on any page, by one line: <script src="https://.../widget.js" async></script>. A button in the corner; the chat itself in a frame from our own address.
// data-lang="fr|en|ar|ary-Arab|ary-Latn" says its first words' language, data-side="start|end" its corner.
(() => {
  if (window.bricolWidget) return;
  window.bricolWidget = true;
  const script = document.currentScript, base = new URL(script.src).origin, texts = {{texts}};
  const asked = script.dataset.lang || document.documentElement.lang || navigator.language || "fr";
  const opened = { get: () => { try { return sessionStorage.getItem("bricol.opened"); } catch { return null; } }, set: () => { try { sessionStorage.setItem("bricol.opened", "yes"); } catch { /* this page only */ } } };
  let locale = texts[asked] ? asked : { en: "en", ar: "ary-Arab" }[asked.slice(0, 2)] || "fr";
  let frame = null, unread = 0;
  const say = (key, n = "") => texts[locale][key].replace("{n}", n);

  const CSS = `
    :host { all: initial; }
    .corner { position: fixed; z-index: 2147483000; bottom: max(18px, env(safe-area-inset-bottom)); inset-inline-end: 18px; font: 600 15px/1.2 system-ui, sans-serif; }
    .corner.start { inset-inline-end: auto; inset-inline-start: 18px; }
    button { cursor: pointer; border: 0; padding: 0; color: #fff8ec; background: #0b4744; display: grid; place-items: center; }
    .launch { position: relative; width: 60px; height: 60px; border-radius: 50%; border: 2px solid #e2a33b; box-shadow: 0 6px 22px rgb(20 14 8 / .35); }
    .launch:hover { background: #093b39; }
    button:focus-visible { outline: 3px solid #0b4744; outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
    svg { width: 30px; height: 30px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    .count { position: absolute; top: -4px; inset-inline-end: -4px; min-width: 24px; height: 24px; padding: 0 6px; box-sizing: border-box; border-radius: 99px; background: #8a3a1f; color: #fff; font-size: 14px; line-height: 24px; text-align: center; }
    .panel { position: absolute; bottom: 76px; inset-inline-end: 0; width: min(400px, calc(100vw - 36px)); height: min(640px, calc(100dvh - 120px)); overflow: hidden; border-radius: 22px; background: #f6eee2; box-shadow: 0 18px 50px rgb(20 14 8 / .32); }
    .start .panel { inset-inline-end: auto; inset-inline-start: 0; }
    .until { position: absolute; top: 10px; inset-inline-end: 10px; width: 44px; height: 44px; border-radius: 50%; }
    iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
    .heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    [hidden] { display: none !important; }
    @media (max-width: 480px), (max-height: 420px) {
      .open .panel { position: fixed; inset: 0; width: 100vw; height: 100dvh; border-radius: 0; }
      .open .launch { display: none; }
    }`;

  const make = (tag, className, parent) => { const node = document.createElement(tag); node.className = className; parent.append(node); return node; };
  const drawn = (parent, path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), line = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    svg.append(line);
    parent.append(svg);
    return line;
  };

  const host = document.createElement("div"), root = host.attachShadow({ mode: "open" });
  try { const sheet = new CSSStyleSheet(); sheet.replaceSync(CSS); root.adoptedStyleSheets = [sheet]; } catch { make("style", "", root).textContent = CSS; }
  const corner = make("div", `corner ${script.dataset.side === "start" ? "start" : ""}`, root);
  const panel = make("section", "panel", corner), until = make("button", "until", panel);
  const launch = make("button", "launch", corner), shape = drawn(launch, "");
  const count = make("span", "count", launch), heard = make("p", "heard", corner);
  host.dir = getComputedStyle(document.documentElement).direction; // the corner is the site's: it does not move when the conversation changes its script
  panel.setAttribute("role", "dialog");
  count.setAttribute("aria-hidden", "true");
  heard.setAttribute("role", "status");
  launch.type = until.type = "button";
  panel.hidden = true;
  drawn(until, "M6 6l12 12M18 6L6 18");

  const isOpen = () => !panel.hidden;
  const tell = (word) => frame?.contentWindow?.postMessage({ bricol: word }, base);

  function label() {
    host.lang = locale;
    panel.setAttribute("aria-label", say("widget_frame"));
    until.setAttribute("aria-label", say("widget_close"));
    launch.setAttribute("aria-label", isOpen() ? say("widget_close") : say("widget_open") + (unread ? ` (${say("widget_unread", unread)})` : ""));
    launch.setAttribute("aria-expanded", String(isOpen()));
    shape.setAttribute("d", isOpen() ? "M6 6l12 12M18 6L6 18" : "M4 5.5h16v11H12l-4.5 4v-4H4zM8 9.5h8M8 12.8h5");
    count.textContent = unread > 9 ? "9+" : unread;
    count.hidden = !unread || isOpen();
    if (frame) frame.title = say("widget_frame");
  }

  function load() {
    if (frame) return;
    frame = document.createElement("iframe");
    Object.assign(frame, { src: `${base}/chat?lang=${encodeURIComponent(locale)}`, allow: "geolocation; clipboard-write" });
    panel.append(frame);
  }

  function open() {
    load();
    opened.set();
    panel.hidden = false;
    corner.classList.add("open");
    heard.textContent = "";
    label();
    frame.focus();
    tell("shown");
  }

  function close() {
    panel.hidden = true;
    corner.classList.remove("open");
    tell("hidden");
    label();
    launch.focus();
  }

  addEventListener("message", ({ source, origin, data }) => {
    if (!frame || source !== frame.contentWindow || origin !== base) return;
    if (data.bricol === "ready") { until.hidden = true; if (isOpen()) { frame.focus(); tell("shown"); } }
    else if (data.bricol === "close") close();
    else if (data.bricol === "unread") {
      unread = Number(data.n) || 0;
      heard.textContent = unread ? say("widget_unread", unread) : "";
      label();
    } else if (data.bricol === "speaks" && texts[data.locale]) {
      locale = data.locale;
      label();
    }
  });
  launch.onclick = () => (isOpen() ? close() : open());
  until.onclick = close;
  host.addEventListener("keydown", (event) => { if (event.key === "Escape" && isOpen()) close(); });

  const put = () => { document.body.append(host); label(); if (opened.get()) load(); }; // somebody who talked on the page before hears what comes
  document.body ? put() : addEventListener("DOMContentLoaded", put);
})();
