// Draws one message: its words, place or photo, when it was said, and how far it has come.
import { SERVER_MB, kept } from "./photos.js";
import { current, dates, langTag, localeOf, say, words } from "./words.js";

const ICONS = { pending: "M12 7v5l3 2 M12 3a9 9 0 1 0 .01 0", ok: "M4 12.5l5 5L20 6.5", refused: "M6 6l12 12M18 6L6 18" };
const SHOWN = 260; // widest side of a photo, in px

export const make = (tag, className, text) => Object.assign(document.createElement(tag), { className: className || "", textContent: text || "" });
const clock = (at) => new Intl.DateTimeFormat("fr-MA", { hour: "2-digit", minute: "2-digit" }).format(at);
export const dayOf = (at) => new Date(at).toDateString();

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", path);
  return svg;
}

export function dayName(at) {
  const days = Math.round((new Date(new Date().toDateString()) - new Date(dayOf(at))) / 864e5);
  if (days === 0) return say("page_today");
  if (days === 1) return say("page_yesterday");
  return new Intl.DateTimeFormat(dates(), { weekday: "long", day: "numeric", month: "long" }).format(at);
}

export function bubble(item) {
  const node = make("div", `msg ${item.who}`);
  if (item.who === "bot") { node.lang = langTag(localeOf(item.language, item.script)); node.dir = item.script === "arab" ? "rtl" : "ltr"; }
  else if (item.kind !== "photo") node.dir = "auto";
  if (item.kind === "location") node.append(pin(item));
  else if (item.kind === "photo") node.append(...photo(item));
  else {
    if (item.media) node.append(theirs(item.media));
    node.append(words(item.text), make("span", "gap")); // the gap keeps the last line clear of the time
  }
  node.append(make("div", "meta"));
  return node;
}

function pin(item) {
  const box = make("div", "pin"), label = make("span", "", item.text);
  label.append(make("small", "", `${item.lat.toFixed(4)}, ${item.lon.toFixed(4)}`));
  box.append(icon("M12 21s-6.5-6-6.5-11a6.5 6.5 0 0 1 13 0c0 5-6.5 11-6.5 11z M12 9.9v.2"), label);
  return box;
}

function photo(item) {
  const scale = Math.min(1, SHOWN / Math.max(item.width, item.height));
  const picture = Object.assign(new Image(), { className: "photo", width: Math.round(item.width * scale), height: Math.round(item.height * scale) });
  kept.get(item.id).then((blob) => { if (blob) picture.src = URL.createObjectURL(blob); });
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  return [picture, bar, make("p", "why")];
}

function theirs(address) {
  const link = Object.assign(make("a", "theirs"), { href: address, target: "_blank", rel: "noopener noreferrer" });
  link.append(Object.assign(new Image(), { src: address, alt: say("page_photo_theirs"), loading: "lazy" }));
  return link;
}

export function meta(node, item) { // again whenever its state or the page's language changes
  const line = node.lastChild;
  if (line.dataset.state === (item.state || "-") && line.dataset.tongue === current()) return;
  Object.assign(line.dataset, { state: item.state || "-", tongue: current() });
  line.replaceChildren(make("time", "", clock(item.at)));
  node.classList.toggle("refused", item.state === "refused");
  if (item.kind === "photo") {
    const [picture, bar, why] = node.children;
    picture.alt = say("page_photo_yours");
    bar.setAttribute("aria-label", say("page_photo_sending"));
    bar.hidden = item.state !== "pending";
    why.textContent = item.state === "refused" ? say(`page_photo_${item.why || "broken"}`, { mb: SERVER_MB }) : "";
    why.hidden = !why.textContent;
  }
  if (!item.state) return;
  const mark = make("span");
  mark.append(icon(ICONS[item.state]));
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", say({ pending: "page_pending", ok: "page_arrived", refused: "page_failed" }[item.state]));
  line.append(mark);
}
