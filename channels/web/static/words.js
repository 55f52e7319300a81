// The page's own words: in the browser's language at first, then in the language and script of the conversation.
const all = JSON.parse(document.getElementById("texts").textContent);
const asked = new URLSearchParams(location.search).get("lang") || navigator.language || "fr"; // the site's, in a widget
let locale = all[asked] ? asked : { fr: "fr", ar: "ary-Arab", en: "en" }[asked.slice(0, 2)] || "fr";

export const localeOf = (language, script) => (language === "ary" ? (script === "arab" ? "ary-Arab" : "ary-Latn") : language);
export const rtl = (name = locale) => name === "ar" || name === "ary-Arab";
export const say = (key, facts = {}, name = locale) => (all[name][key] || all.fr[key] || "").replace(/\{(\w+)\}/g, (_, k) => facts[k] ?? "");
export const langTag = (name = locale) => ({ "ary-Latn": "ary-Latn", "ary-Arab": "ary" })[name] || name;
export const dates = (name = locale) => ({ fr: "fr-MA", en: "en-GB", "ary-Latn": "fr-MA" })[name] || "ar-MA";

export function speak(name) {
  if (!all[name]) return;
  locale = name;
  Object.assign(document.documentElement, { lang: langTag(), dir: rtl() ? "rtl" : "ltr" });
  document.title = say("page_title");
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = say(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) { node.setAttribute("aria-label", say(node.dataset.label)); if (node.tagName === "BUTTON") node.title = say(node.dataset.label); }
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = say(node.dataset.hint);
  document.dispatchEvent(new Event("spoke"));
}

export const current = () => locale;

// Text with links, *bold* and booking references, built as nodes: nothing a person writes is ever read as HTML.
export function words(text) {
  const out = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(/https?:\/\/[^\s\u2066-\u2069]+|(?<![\w*])\*[^*\n]+\*(?![\w*])|\bBR-\d+\b/g)) {
    out.append(text.slice(at, found.index));
    const [part] = found;
    const node = document.createElement(part.startsWith("http") ? "a" : part.startsWith("*") ? "strong" : "span");
    if (node.tagName === "A") Object.assign(node, { href: part, target: "_blank", rel: "noopener noreferrer", textContent: part });
    else if (node.tagName === "STRONG") node.textContent = part.slice(1, -1);
    else { node.className = "ref"; node.textContent = part; }
    out.append(node);
    at = found.index + part.length;
  }
  out.append(text.slice(at));
  return out;
}
