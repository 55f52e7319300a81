// The chat page: draws the conversation, and hands what the person does to the wire.
import { phonePanel } from "./phones.js";
import { Items } from "./store.js";
import { Wire } from "./wire.js";
import { current, dates, langTag, localeOf, rtl, say, speak, words } from "./words.js";

const $ = (id) => document.getElementById(id);
const items = new Items();
const nodes = new Map();
let typingTimer, toastTimer, stick = true;

// --- drawing ---------------------------------------------------------------------------------------------------------

const ICONS = { pending: "M12 7v5l3 2 M12 3a9 9 0 1 0 .01 0", ok: "M4 12.5l5 5L20 6.5", refused: "M6 6l12 12M18 6L6 18" };
const icon = (path) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.append(document.createElementNS(svg.namespaceURI, "path"));
  svg.firstChild.setAttribute("d", path);
  return svg;
};
const make = (tag, className, text) => Object.assign(document.createElement(tag), { className: className || "", textContent: text || "" });
const clock = (at) => new Intl.DateTimeFormat("fr-MA", { hour: "2-digit", minute: "2-digit" }).format(at);
const dayOf = (at) => new Date(at).toDateString();

function dayName(at) {
  const days = Math.round((new Date(new Date().toDateString()) - new Date(dayOf(at))) / 864e5);
  if (days === 0) return say("page_today");
  if (days === 1) return say("page_yesterday");
  return new Intl.DateTimeFormat(dates(), { weekday: "long", day: "numeric", month: "long" }).format(at);
}

function bubble(item) {
  const node = make("div", `msg ${item.who}`);
  if (item.who === "bot") { node.lang = langTag(localeOf(item.language, item.script)); node.dir = item.script === "arab" ? "rtl" : "ltr"; }
  else node.dir = "auto";
  if (item.kind === "location") {
    const pin = make("div", "pin");
    const label = make("span", "", item.text);
    label.append(make("small", "", `${item.lat.toFixed(4)}, ${item.lon.toFixed(4)}`));
    pin.append(icon("M12 21s-6.5-6-6.5-11a6.5 6.5 0 0 1 13 0c0 5-6.5 11-6.5 11z M12 9.9v.2"), label);
    node.append(pin);
  } else {
    if (item.media) node.append(photo(item.media));
    node.append(words(item.text), make("span", "gap")); // the gap keeps the last line clear of the time
  }
  node.append(make("div", "meta"));
  return node;
}

function photo(address) {
  const link = Object.assign(make("a", "photo"), { href: address, target: "_blank", rel: "noopener noreferrer" });
  link.append(Object.assign(document.createElement("img"), { src: address, alt: "", loading: "lazy" }));
  return link;
}

function meta(node, item) {
  const line = node.lastChild;
  if (line.dataset.state === (item.state || "-") && line.dataset.tongue === current()) return;
  Object.assign(line.dataset, { state: item.state || "-", tongue: current() });
  line.replaceChildren(make("time", "", clock(item.at)));
  node.classList.toggle("refused", item.state === "refused");
  if (!item.state) return;
  const mark = make("span");
  mark.append(icon(ICONS[item.state]));
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", say({ pending: "page_pending", ok: "page_arrived", refused: "page_failed" }[item.state]));
  line.append(mark);
}

function draw({ animate = false } = {}) {
  const log = $("log");
  const wanted = [];
  let day = "";
  for (const item of items.list) {
    if (dayOf(item.at) !== day) {
      day = dayOf(item.at);
      const key = `day ${day}`;
      if (!nodes.has(key)) nodes.set(key, make("div", "day"));
      nodes.get(key).textContent = dayName(item.at);
      wanted.push(nodes.get(key));
    }
    const key = `${item.who} ${item.id}`;
    if (!nodes.has(key)) {
      nodes.set(key, bubble(item));
      if (animate) nodes.get(key).classList.add("new");
    }
    meta(nodes.get(key), item);
    wanted.push(nodes.get(key));
  }
  wanted.forEach((node, n) => log.children[n] !== node && log.insertBefore(node, log.children[n] || null));
  while (log.children.length > wanted.length) log.lastChild.remove();
  $("welcome").hidden = items.list.length > 0;
  ask();
  if (stick) bottom();
  else $("newer").hidden = false;
}

function ask() { // what the latest message of ours waits for
  const last = items.last;
  const waiting = last?.who === "bot" ? last : null;
  const options = waiting?.options || [];
  const box = $("options");
  const stars = !options.length && waiting?.awaiting === "rating";
  box.hidden = !options.length && !stars;
  box.className = `options${options.some((o) => o.description) || options.length > 6 ? " list" : ""}`;
  box.dir = waiting?.script === "arab" ? "rtl" : "ltr";
  const choices = stars ? [1, 2, 3, 4, 5].map((n) => ({ title: `${n} ★`, star: String(n) })) : options;
  box.replaceChildren(...choices.map((option) => {
    const button = make("button", `option${option.star ? " star" : ""}`, option.title);
    button.type = "button";
    if (option.description) button.append(make("small", "", option.description));
    button.onclick = () => (option.star ? mine({ kind: "text", text: option.star }) : mine({ kind: "button", text: option.title, payload: option.payload }));
    return button;
  }));
  const code = waiting?.awaiting === "code";
  const asks = code && $("code").hidden;
  $("code").hidden = !code;
  if (asks) { $("digits").value = ""; $("digits").focus(); }
  $("place").classList.toggle("calling", waiting?.awaiting === "place");
}

function bottom() { const box = $("scroll"); box.scrollTop = box.scrollHeight; $("newer").hidden = true; }

function typing(on) {
  clearTimeout(typingTimer);
  $("typing").hidden = !on;
  if (on) { typingTimer = setTimeout(() => typing(false), 15000); if (stick) bottom(); }
}

function toast(text) {
  clearTimeout(toastTimer);
  Object.assign($("toast"), { textContent: text, dir: rtl() ? "rtl" : "ltr", hidden: false });
  toastTimer = setTimeout(() => ($("toast").hidden = true), 5000);
}

function state(name) {
  const node = $("state");
  node.dataset.name = name;
  node.className = { online: "on", offline: "off" }[name] || "";
  node.textContent = say(`page_${name}`);
}

function tongue(item) { // the page speaks as the conversation does
  const name = localeOf(item.language, item.script);
  if (name !== current()) { speak(name); state($("state").dataset.name || "connecting"); }
}

// --- what the person does --------------------------------------------------------------------------------------------

const randomId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

function mine(item) {
  stick = true;
  items.add({ who: "me", id: randomId(), at: Date.now(), state: "pending", ...item });
  draw({ animate: true });
  wire.pump();
}

function sendText() {
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  grow();
  mine({ kind: "text", text });
}

function grow() { const box = $("text"); box.style.height = "auto"; box.style.height = `${Math.min(136, box.scrollHeight + 3)}px`; }

$("composer").onsubmit = (event) => { event.preventDefault(); sendText(); $("text").focus(); };
$("text").oninput = grow;
$("text").onkeydown = (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); sendText(); } };
$("code").onsubmit = (event) => { event.preventDefault(); mine({ kind: "text", text: $("digits").value.trim() }); $("text").focus(); };
$("digits").oninput = () => ($("digits").value = $("digits").value.replace(/[٠-٩]/g, (d) => d.charCodeAt(0) - 0x660).replace(/\D/g, ""));
$("newer").onclick = bottom;
$("scroll").onscroll = () => {
  const box = $("scroll");
  stick = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  if (stick) $("newer").hidden = true;
};
new ResizeObserver(() => stick && bottom()).observe($("scroll"));

$("place").onclick = () => {
  const refused = () => toast(say("page_location_denied"));
  if (!navigator.geolocation || !isSecureContext) return refused();
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => mine({ kind: "location", text: say("page_location_said"), lat: coords.latitude, lon: coords.longitude }),
    refused,
    { timeout: 12000, maximumAge: 60000, enableHighAccuracy: true },
  );
};

$("new").onclick = () => {
  if (items.list.length && !confirm(say("page_new_sure"))) return;
  items.clear();
  typing(false);
  wire.restart();
  draw();
  $("text").focus();
};

$("hellos").append(...["ary-Latn", "ary-Arab", "fr", "en"].map((name) => {
  const button = make("button", "hello", say("page_hello", {}, name));
  button.type = "button";
  button.lang = langTag(name);
  button.dir = rtl(name) ? "rtl" : "ltr";
  button.append(make("small", "", say("page_hello_hint", {}, name)));
  button.onclick = () => { speak(name); state($("state").dataset.name); mine({ kind: "text", text: say("page_hello", {}, name) }); };
  return button;
}));

// --- start -----------------------------------------------------------------------------------------------------------

speak(current());
const lastHeard = items.list.filter((item) => item.who === "bot").pop();
if (lastHeard) tongue(lastHeard);
draw();

const wire = new Wire(items, {
  state,
  fresh() { if (items.list.some((item) => item.who === "bot" || item.state !== "pending")) { items.clear(true); draw(); } },
  settled(id, result) { const item = items.find(id); if (item) { item.state = result; items.save(); draw(); if (result === "ok" && items.last === item) typing(true); } },
  message(event) {
    if (items.has("bot", event.id)) return;
    typing(false);
    tongue(event);
    items.add({ ...event, who: "bot", at: Date.parse(event.at) || Date.now() });
    draw({ animate: true });
  },
});
addEventListener("storage", (event) => { if (event.key === "bricol.items" && event.newValue) { items.merge(); draw(); wire.pump(); } });
if (document.body.dataset.demo === "yes") phonePanel($("phone"));
if (matchMedia("(hover: hover)").matches) $("text").focus();
