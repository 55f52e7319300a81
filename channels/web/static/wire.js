// The socket: says hello with what we have, sends one message at a time until it is written down, comes back by itself.
import { upload } from "./photos.js";
import { token } from "./store.js";

const BEAT = 20000, PATIENCE = 8000;

export class Wire {
  constructor(items, on) {
    Object.assign(this, { items, on, open: false, tries: 0, inFlight: null });
    addEventListener("online", () => this.connect());
    addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { this.connect(); this.seen(); } });
    this.connect();
  }

  connect() {
    if (this.socket && this.socket.readyState <= 1) return this.socket.readyState === 1 && this.ping();
    clearTimeout(this.again);
    this.on.state("connecting");
    const socket = (this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat/ws`));
    const have = this.items.list.filter((item) => item.who === "bot").slice(-120).map((item) => item.id);
    socket.onopen = () => this.say({ t: "hello", token: token.get(), have });
    socket.onmessage = (event) => socket === this.socket && this.hear(JSON.parse(event.data));
    socket.onclose = () => socket === this.socket && this.lost();
  }

  lost() {
    this.open = false;
    this.idle();
    clearInterval(this.beat); clearTimeout(this.deaf);
    this.on.state("offline");
    const pause = Math.min(15000, 400 * 2 ** this.tries++) * (0.7 + Math.random() * 0.6);
    clearTimeout(this.again);
    this.again = setTimeout(() => this.connect(), pause);
  }

  drop() { const socket = this.socket; this.socket = null; this.lost(); socket?.close(); }
  say(frame) { if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame)); }
  ping() { if (this.uploading) return; this.say({ t: "ping" }); clearTimeout(this.deaf); this.deaf = setTimeout(() => this.drop(), PATIENCE); }

  hear(event) {
    clearTimeout(this.deaf);
    if (event.t === "welcome") {
      this.open = true;
      this.tries = 0;
      token.set(event.token);
      if (event.fresh) this.on.fresh();
      this.on.state("online");
      this.beat = setInterval(() => this.ping(), BEAT);
      this.pump();
    } else if (event.t === "msg") {
      this.on.message(event);
      this.fresh = [...(this.fresh || []), event.id];
      clearTimeout(this.telling);
      this.telling = setTimeout(() => this.seen(), 800);
    } else if (["ok", "refused", "later"].includes(event.t) && event.id && event.id === this.inFlight) {
      if (event.t === "later") this.later(event.ms);
      else this.settle(event.id, event.t === "ok" ? "ok" : "refused", event.field === "photo" ? "broken" : undefined);
    }
  }

  seen() { // tells that messages arrived, and were read when the page is in view
    if (!this.open || !this.fresh?.length) return;
    const read = this.on.seeing();
    this.say({ t: "seen", ids: this.fresh, read });
    if (read) this.fresh = [];
  }

  async pump() { // one at a time: what was written first arrives first
    if (!this.open && navigator.onLine) this.connect(); // somebody writes: now is the time to try, whatever the pause
    if (!this.open || this.inFlight) return;
    const [item] = this.items.waiting;
    if (!item) return;
    const { id, kind, text, payload, lat, lon } = item;
    this.inFlight = id;
    clearTimeout(this.waiting);
    if (kind === "photo" && !(await this.uploaded(id))) return;
    this.say({ t: "msg", id, kind, text, payload, lat, lon });
    this.waiting = setTimeout(() => this.drop(), PATIENCE);
  }

  async uploaded(id) { // a photo goes before its message; false: not now, or not at all
    const uploading = (this.uploading = upload(id, (part) => this.on.progress(id, part)));
    const { say, ms, why } = await uploading.answer;
    if (this.uploading !== uploading) return false; // the line was lost meanwhile: it begins anew when it is back
    this.uploading = null;
    if (say === "later") this.later(ms);
    else if (say === "stranger") this.drop();
    else if (say === "refused") this.settle(id, "refused", why);
    return say === "ok";
  }

  later(ms) { this.idle(); this.waiting = setTimeout(() => this.pump(), ms); }
  settle(id, result, why) { this.idle(); this.on.settled(id, result, why); this.pump(); }

  idle() { // nothing is on its way
    const { uploading } = this;
    this.inFlight = this.uploading = null;
    clearTimeout(this.waiting);
    uploading?.abort();
  }

  restart() { token.set(null); this.tries = 0; const socket = this.socket; this.socket = null; clearInterval(this.beat); this.open = false; this.idle(); socket?.close(); this.connect(); }
}
