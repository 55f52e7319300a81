// The demo's phones: what technicians receive by SMS and what they answer, live.
import { rtl, say, words } from "./words.js";

const PAUSE = 1500;
const make = (tag, className, text) => Object.assign(document.createElement(tag), { className: className || "", textContent: text || "" });
const time = (at) => new Intl.DateTimeFormat("fr-MA", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
const nameOf = (sms) => (sms.role === "technician" ? sms.name || sms.phone : say("demo_client"));

function watch(show) {
  let last = "", list = [];
  document.addEventListener("spoke", () => last && show(list));
  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch("/demo/sms", { cache: "no-store" });
        const text = await answer.text();
        if (answer.ok && text !== last) { last = text; show((list = JSON.parse(text).sms.reverse())); }
      } catch { /* the server restarts: look again */ }
    }
    setTimeout(look, PAUSE);
  };
  look();
}

function phone(title, small) {
  const body = make("div", "phone"), glass = make("div", "glass"), bar = make("div", "bar"), texts = make("div", "texts");
  bar.append(make("bdi", "", title), make("small", "", small));
  texts.tabIndex = 0;
  texts.setAttribute("role", "log");
  texts.setAttribute("aria-label", title);
  glass.append(bar, texts);
  body.append(glass);
  return { body, texts };
}

function bubbles(sms, named) {
  const out = [];
  if (named) { const who = make("div", "person"); who.append(make("bdi", "", nameOf(sms)), make("bdi", "", sms.phone)); out.push(who); }
  const text = make("div", `text ${sms.direction}`);
  text.dir = "auto";
  text.append(words(sms.text));
  const cost = sms.direction === "from" ? say("demo_answer") : say("demo_parts", sms);
  out.push(text, make("div", `cost ${sms.direction}`, `${time(sms.at)} · ${cost}`));
  return out;
}

const fill = (box, list) => { box.replaceChildren(...list); box.scrollTop = box.scrollHeight; };
const empty = () => Object.assign(make("p", "empty", say("demo_empty")), { dir: rtl() ? "rtl" : "ltr" });

// One phone that shows every SMS, beside the chat.
export function phonePanel(side) {
  const { body, texts } = phone("SMS", "");
  const title = make("h2", "", say("demo_title")), note = make("p", "", say("demo_note"));
  title.dataset.text = "demo_title"; // so that it follows the language of the page
  note.dataset.text = "demo_note";
  title.dir = note.dir = rtl() ? "rtl" : "ltr";
  side.setAttribute("aria-label", say("demo_title"));
  side.append(title, body, note);
  side.hidden = false;
  fill(texts, [empty()]);
  watch((all) => fill(texts, all.length ? all.flatMap((sms, n) => bubbles(sms, sms.phone !== all[n - 1]?.phone)) : [empty()]));
}

// One phone each, on the demo page.
export function phoneWall(wall) {
  watch((all) => {
    const people = new Map();
    for (const sms of [...all].reverse()) people.set(sms.phone, [sms, ...(people.get(sms.phone) || [])]);
    if (!people.size) return wall.replaceChildren(empty());
    wall.replaceChildren(...[...people.values()].map((list) => {
      const { body, texts } = phone(nameOf(list[0]), list[0].phone);
      fill(texts, list.flatMap((sms) => bubbles(sms, false)));
      queueMicrotask(() => (texts.scrollTop = texts.scrollHeight));
      return body;
    }));
  });
}

