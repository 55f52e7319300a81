// The chat page: shows the conversation, and hands what the person does to the wire.
import { announce } from "./announce.js";
import { bubble, dayName, dayOf, make, meta } from "./bubbles.js";
import { frame } from "./frame.js";
import { phonePanel } from "./phones.js";
import { SERVER_MB, kept } from "./photos.js";
import { Items, bigText, draft } from "./store.js";
import { Tray } from "./tray.js";
import { Wire } from "./wire.js";
import { current, langTag, localeOf, rtl, say, speak } from "./words.js";

const $ = (id) => document.getElementById(id);
const items = new Items();
const nodes = new Map();
let typingTimer, toastTimer, awayTimer, stick = true, away = false;

// --- drawing ---------------------------------------------------------------------------------------------------------

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
  banner();
  if (stick) bottom();
  else $("newer").hidden = false;
}

function ask() { // what the latest message of ours waits for
  const last = items.last;
  const waiting = last?.who === "bot" ? last : null;
  if ($("options").dataset.of !== (waiting?.id ?? "")) offer(waiting); // drawn once: a person may be on one of its buttons
  const code = waiting?.awaiting === "code";
  const asks = code && $("code").hidden;
  $("code").hidden = !code;
  if (asks && frame.shown) $("digits").focus();
  $("place").classList.toggle("calling", waiting?.awaiting === "place");
  $("photo").classList.toggle("calling", waiting?.awaiting === "photo");
}

function offer(waiting) {
  const options = waiting?.options || [];
  const box = $("options");
  const stars = !options.length && waiting?.awaiting === "rating";
  const held = box.contains(document.activeElement);
  box.dataset.of = waiting?.id ?? "";
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
  if (held) toWords(); // the chosen button is gone
}

// The next thing is to write; on a phone that would raise its keyboard over what is to be read.
function toWords() { (matchMedia("(hover: hover)").matches ? $("text") : $("scroll")).focus(); }

function bottom() { const box = $("scroll"); box.scrollTop = box.scrollHeight; $("newer").hidden = true; }

function typing(on) {
  clearTimeout(typingTimer);
  $("typing").hidden = !on;
  if (on) { typingTimer = setTimeout(() => typing(false), 15000); if (stick) bottom(); }
}

function toast(text) {
  clearTimeout(toastTimer);
  Object.assign($("toast"), { textContent: text, hidden: false });
  toastTimer = setTimeout(() => ($("toast").hidden = true), 8000);
}

function state(heard) {
  const name = away && heard === "connecting" ? "offline" : heard; // it tries again and again: no news for anybody
  const node = $("state");
  node.dataset.name = name;
  node.className = { online: "on", offline: "off" }[name] || "";
  node.textContent = say(`page_${name}`);
  if (name === "online") {
    clearTimeout(awayTimer);
    awayTimer = null;
    if (away) announce(`back ${Date.now()}`, say("page_back"));
    away = false;
    banner();
  } else if (name === "offline" && !away) awayTimer ??= setTimeout(() => { away = true; banner(); }, 1200); // a line that comes back at once is no news
}

function banner() { // kindly, while there is no line: it will leave by itself
  const box = $("away"), n = items.waiting.length;
  box.hidden = !away;
  [away ? say("page_away") : "", away && n ? say("page_waiting", { n }) : ""].forEach((text, i) => { if (box.children[i].textContent !== text) box.children[i].textContent = text; });
}

function tongue(name) { // the page speaks as the conversation does
  if (name !== current()) speak(name);
}

document.addEventListener("spoke", () => {
  state($("state").dataset.name || "connecting");
  frame.speaks(current());
});

// --- what the person does --------------------------------------------------------------------------------------------

const randomId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");

function mine(item) {
  stick = true;
  items.add({ who: "me", id: randomId(), at: Date.now(), state: "pending", ...item });
  draw({ animate: true });
  wire.pump();
}

let sending = Promise.resolve(); // one after the other: in the order they were written

function send() {
  const text = $("text").value.trim(), photos = tray.empty();
  $("text").value = "";
  grow();
  sending = sending.then(async () => said(await photos, text));
}

async function said(photos, text) {
  for (const { blob, width, height } of photos) {
    const id = randomId();
    await kept.put(id, blob); // before the message is shown: what is shown is kept
    mine({ kind: "photo", id, text: "", width, height });
  }
  if (text) mine({ kind: "text", text });
  draft.set($("text").value || null); // only now: until its message is kept, a closed page still has the words
}

function grow() { const box = $("text"); box.style.height = "auto"; box.style.height = `${Math.min(160, box.scrollHeight + 3)}px`; }

$("composer").onsubmit = (event) => { event.preventDefault(); send(); $("text").focus(); };
$("text").oninput = () => { grow(); draft.set($("text").value || null); };
$("text").onkeydown = (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); } };
$("code").onsubmit = (event) => { event.preventDefault(); mine({ kind: "text", text: $("digits").value.trim() }); $("digits").value = ""; $("text").focus(); };
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

$("new").onclick = () => (items.list.length ? $("sure").showModal() : $("text").focus());
$("sure").onclose = () => {
  if ($("sure").returnValue !== "yes") return $("new").focus();
  items.clear();
  kept.only([]);
  typing(false);
  wire.restart();
  draw();
  $("text").focus();
};

function big(on) {
  document.documentElement.classList.toggle("big", on);
  $("big").setAttribute("aria-pressed", String(on));
  grow();
  if (stick) bottom();
}
$("big").onclick = () => { const on = !document.documentElement.classList.contains("big"); bigText.set(on ? "yes" : null); big(on); };

$("shut").onclick = () => frame.close();
addEventListener("keydown", (event) => { if (event.key === "Escape" && frame.inside && !event.isComposing && !$("sure").open) frame.close(); });

$("hellos").append(...["ary-Latn", "ary-Arab", "fr", "en"].map((name) => {
  const button = make("button", "hello", say("page_hello", {}, name));
  button.type = "button";
  button.lang = langTag(name);
  button.dir = rtl(name) ? "rtl" : "ltr";
  button.append(make("small", "", say("page_hello_hint", {}, name)));
  button.onclick = () => { tongue(name); mine({ kind: "text", text: say("page_hello", {}, name) }); toWords(); };
  return button;
}));

// --- start -----------------------------------------------------------------------------------------------------------

const tray = new Tray(toast, () => stick && bottom(), toWords);
const lastHeard = items.list.filter((item) => item.who === "bot").pop();
speak(lastHeard ? localeOf(lastHeard.language, lastHeard.script) : current());
big(bigText.get() === "yes");
$("text").value = draft.get() || "";
grow();
draw();
kept.only(items.list.map((item) => item.id));

const wire = new Wire(items, {
  state,
  fresh() { if (items.list.some((item) => item.who === "bot" || item.state !== "pending")) { items.clear(true); draw(); } },
  settled(id, result, why) {
    const item = items.find(id);
    if (!item) return;
    Object.assign(item, { state: result }, why && { why });
    items.save();
    draw();
    if (why) toast(say(`page_photo_${why}`, { mb: SERVER_MB }));
    if (result === "ok" && items.last === item) typing(true);
  },
  progress(id, part) { const node = nodes.get(`me ${id}`)?.querySelector("progress"); if (node) node.value = part; },
  message(event) {
    if (items.has("bot", event.id)) return;
    typing(false);
    tongue(localeOf(event.language, event.script));
    items.add({ ...event, who: "bot", at: Date.parse(event.at) || Date.now() });
    draw({ animate: true });
    frame.heard();
    announce(event.id, [`${say("page_name")}: ${event.text}`, ...(event.options || []).map((o) => o.title)].join("\n"), langTag(), rtl() ? "rtl" : "ltr");
  },
  seeing: () => frame.shown && !document.hidden,
});
addEventListener("storage", (event) => { if (event.key === "bricol.items" && event.newValue) { items.merge(); draw(); wire.pump(); } });
if (frame.inside) {
  $("shut").hidden = false;
  frame.listen(() => { draw(); wire.seen(); ($("code").hidden ? $("text") : $("digits")).focus(); });
} else {
  if (document.body.dataset.demo === "yes") phonePanel($("phone"));
  if (matchMedia("(hover: hover)").matches) $("text").focus();
}
navigator.serviceWorker?.register("/chat/offline.js", { scope: "/chat" }).catch(() => {}); // without one the page needs a network to open
