// The desk's page: parts come ready from the server, this only fetches them again when something changed, and sends what the agent does.
const $ = (query, from = document) => from.querySelector(query);
const $$ = (query, from = document) => [...from.querySelectorAll(query)];
const body = document.body, words = JSON.parse($("#words").textContent), open = body.dataset.open;
const key = () => crypto.randomUUID?.() ?? `k-${Date.now()}-${Math.random().toString(36).slice(2)}`;

// --- light or dark ---
$("#theme")?.addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = dark === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("bricol-desk-theme", next);
});

// --- telling the agent ---
let hide;
function toast(says, bad) {
  const box = $("#toast");
  box.textContent = says;
  box.classList.toggle("bad", Boolean(bad));
  box.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => { box.hidden = true; }, bad ? 9000 : 3500);
}

// --- writes: one answer or one clear refusal; nothing typed is ever lost ---
async function post(url, data) {
  try {
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF": body.dataset.csrf }, body: JSON.stringify(data) });
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    toast(said.says ?? words.unavailable, true);
  } catch {
    toast(words.unavailable, true);
  }
  return null;
}

// --- what could not be sent ---
for (const button of $$("[data-resend]")) button.addEventListener("click", async () => {
  button.disabled = true;
  const said = await post(button.dataset.resend, {});
  button.disabled = Boolean(said);
  if (said) { toast(said.says); button.closest(".letter").classList.add("settled"); }
});

if (body.classList.contains("desk")) start();

// a photo that its provider no longer has says so
const lost = (picture) => picture.closest(".photo").replaceWith(Object.assign(document.createElement("p"), { className: "soft", textContent: words.no_photo }));
document.addEventListener("error", (event) => event.target.matches?.(".photo img") && lost(event.target), true);
for (const picture of $$(".photo img")) if (picture.complete && !picture.naturalWidth) lost(picture);

function start() {
  const text = $("#text"), draft = `bricol-draft-${open}`;

  async function act(url, data, shut) {
    const said = await post(url, data);
    if (!said) return null;
    if (said.says) toast(said.says, said.result?.ok === false);
    shut?.close();
    await Promise.all([freshTalk(), freshQueue()]);
    return said;
  }

  // --- parts of the page, fetched again ---
  async function part(url) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.status === 401) toast(words.expired, true);
    return answer?.ok ? answer.text() : null;
  }
  async function freshQueue() {
    const html = await part(`/desk/part/queue${open ? `?open=${open}` : ""}`);
    if (html === null) return;
    const at = document.activeElement?.dataset?.id;
    $("#queue").innerHTML = html;
    if (at) $(`.case[data-id="${at}"]`)?.focus();
  }
  async function freshTalk() {
    if (!open) return;
    const html = await part(`/desk/part/c/${open}`);
    if (html === null) return;
    const page = new DOMParser().parseFromString(html, "text/html"), thread = $("#thread");
    const low = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80, top = thread.scrollTop;
    const unfolded = new Set($$("details[open]").map((d) => d.id)), folded = new Set($$("details:not([open])").map((d) => d.id));
    const focused = document.activeElement?.id;
    for (const id of ["talk-head", "thread", "side", "closed"]) {
      const fresh = page.getElementById(id), old = document.getElementById(id);
      if (fresh && old.outerHTML !== fresh.outerHTML) old.replaceWith(fresh);
    }
    for (const d of $$("details")) d.open = unfolded.has(d.id) || (d.open && !folded.has(d.id));
    $("#thread").scrollTop = low ? $("#thread").scrollHeight : top;
    if (focused && document.activeElement === body) document.getElementById(focused)?.focus();
    ready();
  }
  function ready() {
    if (!text) return;
    const mine = $("#talk-head").dataset.mine === "yes";
    text.readOnly = !mine;
    $("#send").disabled = !mine;
    $("#composer").classList.toggle("off", !mine);
  }

  // --- what the agent taps ---
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const data = button.dataset;
    if (data.open) { const box = document.getElementById(data.open); box.showModal(); $("textarea, select, input", box)?.focus(); }
    else if ("shut" in data) button.closest("dialog").close();
    else if (data.use !== undefined) { text.value = text.value.trim() ? `${text.value.trimEnd()}\n${data.use}` : data.use; keep(); text.focus(); gap(); }
    else if (data.post) {
      button.disabled = true;
      await act(data.post, "once" in data ? { key: key() } : JSON.parse(data.body ?? "{}"));
      button.disabled = false;
      if (button.id === "take" && $("#talk-head").dataset.mine === "yes") text.focus();
    } else if (data.tool) {
      button.disabled = true;
      await act(`/api/desk/c/${open}/act`, { tool: data.tool, args: JSON.parse(data.args), key: key() });
      button.disabled = false;
    }
  });
  function gap() { // the first variable that nobody filled
    const found = /\{\w+\}/.exec(text.value);
    if (found) text.setSelectionRange(found.index, found.index + found[0].length);
  }
  for (const form of $$("[data-form]")) form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = {}, args = {};
    for (const [name, value] of new FormData(form)) if (name.startsWith("args.")) { if (value) args[name.slice(5)] = value; } else data[name] = value;
    if ("choice" in data) Object.assign(data, { args, key: key() });
    const done = await act(form.dataset.form, data, form.closest("dialog"));
    if (done) { form.reset(); choose(form); }
  });
  function choose(form) { // only the fields of what was chosen count
    const chosen = $("[data-choices]", form)?.value;
    for (const set of $$("fieldset[data-for]", form)) {
      set.hidden = set.disabled = set.dataset.for !== chosen;
      const moves = Boolean($("[name='args.ref']", set)?.value);
      for (const box of $$("[data-new]", set)) { box.hidden = moves; for (const field of $$("input, select", box)) field.disabled = moves; }
    }
  }
  $("[data-choices]")?.form.addEventListener("change", (event) => choose(event.currentTarget));
  const tools = $("[data-tools]");
  tools?.addEventListener("change", (event) => {
    if (event.target.id !== "tool") return;
    for (const set of $$("fieldset", tools)) set.hidden = set.disabled = set.dataset.for !== event.target.value;
  });
  let actKey = key();
  tools?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const args = {};
    for (const field of $$("fieldset:not([hidden]) [name]", tools)) if (field.value) args[field.name] = field.dataset.kind === "number" ? Number(field.value) : field.value;
    const said = await act(tools.dataset.tools, { tool: $("#tool").value, args, key: actKey });
    if (!said) return;
    actKey = key();
    $("#result").hidden = false;
    $("#result").textContent = JSON.stringify(said.result, null, 1);
  });

  // --- finding who is in no queue ---
  $("#find").addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = $("input", event.target).value.trim();
    if (!asked) { $("#found").textContent = ""; return; }
    const answer = await fetch("/api/desk/find", { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF": body.dataset.csrf }, body: JSON.stringify({ words: asked }) }).catch(() => null);
    if (answer?.ok) $("#found").innerHTML = await answer.text();
    else toast((await answer?.json().catch(() => null))?.says ?? words.unavailable, true);
  });
  $("#find input").addEventListener("search", (event) => { if (!event.target.value) $("#found").textContent = ""; });

  // --- writing ---
  let sendKey = key(), told = 0;
  function keep() { open && (text.value ? sessionStorage.setItem(draft, text.value) : sessionStorage.removeItem(draft)); }
  if (text) {
    text.value = sessionStorage.getItem(draft) ?? "";
    text.addEventListener("input", () => {
      keep();
      if (Date.now() - told > 2500) { told = Date.now(); fetch(`/api/desk/c/${open}/here`, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF": body.dataset.csrf }, body: "{}" }).catch(() => {}); }
    });
    $("#composer").addEventListener("submit", async (event) => {
      event.preventDefault();
      if ($("#send").disabled) return;
      $("#send").disabled = true;
      const done = await act($("#composer").dataset.url, { text: text.value, key: sendKey });
      if (done) { text.value = ""; keep(); sendKey = key(); $("#thread").scrollTop = $("#thread").scrollHeight; }
      ready();
    });
    $("#thread").scrollTop = $("#thread").scrollHeight;
    ready();
  }

  // --- keys ---
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && document.activeElement === text) { event.preventDefault(); $("#composer").requestSubmit(); return; }
    if (event.key === "Escape" && document.activeElement === text) { text.blur(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName) || $("dialog[open]")) return;
    const pressed = event.key.toLowerCase();
    if (pressed === "j" || pressed === "k") {
      const cases = $$(".case"), at = cases.indexOf(document.activeElement.closest?.(".case") ?? $(".case[aria-current]"));
      cases[Math.min(Math.max(at + (pressed === "j" ? 1 : -1), 0), cases.length - 1)]?.focus();
    } else if (pressed === "r" && text && !text.readOnly) text.focus();
    else if (event.key === "/") $("#find input").focus();
    else if (event.key === "?") $("#help").showModal();
    else { const button = $(`[data-key="${pressed}"]`); if (!button || !/^[a-z]$/.test(pressed)) return; button.click(); }
    event.preventDefault();
  });

  // --- live ---
  const state = $("#state"), title = document.title;
  function live(on) { state.textContent = on ? words.live : words.offline; state.classList.toggle("on", on); state.classList.toggle("off", !on); }
  let lost = false;
  const stream = new EventSource(`/api/desk/events${open ? `?open=${open}` : ""}`);
  stream.onopen = () => { live(true); if (lost) { freshQueue(); freshTalk(); } lost = false; };
  stream.onerror = () => { live(false); lost = true; };
  stream.addEventListener("queue", (event) => { freshQueue(); if (JSON.parse(event.data).new) announce(); });
  stream.addEventListener("talk", freshTalk);
  stream.addEventListener("over", () => { stream.close(); live(false); toast(words.expired, true); });
  stream.addEventListener("here", (event) => { $("#here").textContent = JSON.parse(event.data).others.map((o) => o.says).join(" · "); });
  setInterval(freshQueue, 30000); // clocks run
  addEventListener("beforeunload", () => stream.close());

  // --- notifications: no name and no words of a client leave the page ---
  const notify = $("#notify");
  if ("Notification" in window && Notification.permission === "default") {
    notify.hidden = false;
    notify.addEventListener("click", async () => { if ((await Notification.requestPermission()) === "granted") toast(words.notifications_on); notify.hidden = true; });
  }
  function announce() {
    if (!document.hidden) return;
    document.title = `• ${title}`;
    if ("Notification" in window && Notification.permission === "granted") new Notification(title, { body: words.case_waiting, tag: "bricol-desk" });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) document.title = title; });
}
