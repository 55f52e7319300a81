// Says each message of ours once to who hears the page instead of seeing it.
const KEPT = 20000;
const said = new Set();

export function announce(id, text, lang = "", dir = "") {
  if (said.has(id)) return;
  said.add(id);
  const line = Object.assign(document.createElement("p"), { textContent: text, lang, dir });
  document.getElementById("heard").append(line);
  setTimeout(() => line.remove(), KEPT); // removing is not announced
}
