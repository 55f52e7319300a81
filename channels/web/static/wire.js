// The socket: says hello with what we have, sends one message at a time until it is written down, comes back by itself.
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
    this.inFlight = null;
    clearInterval(this.beat); clearTimeout(this.deaf); clearTimeout(this.waiting);
    this.on.state("offline");
    const pause = Math.min(15000, 400 * 2 ** this.tries++) * (0.7 + Math.random() * 0.6);
    clearTimeout(this.again);
    this.again = setTimeout(() => this.connect(), pause);
  }

  drop() { const socket = this.socket; this.socket = null; this.lost(); socket?.close(); }
  say(frame) { if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame)); }
  ping() { this.say({ t: "ping" }); clearTimeout(this.deaf); this.deaf = setTimeout(() => this.drop(), PATIENCE); }

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
      clearTimeout(this.waiting);
      this.inFlight = null;
      if (event.t === "later") this.waiting = setTimeout(() => this.pump(), event.ms);
      else { this.on.settled(event.id, event.t === "ok" ? "ok" : "refused"); this.pump(); }
    }
  }

  seen() { // tells that messages arrived, and were read when the page is in view
    if (!this.open || !this.fresh?.length) return;
    this.say({ t: "seen", ids: this.fresh, read: !document.hidden });
    if (!document.hidden) this.fresh = [];
  }

  pump() { // one at a time: what was written first arrives first
    if (!this.open || this.inFlight) return;
    const item = this.items.pending();
    if (!item) return;
    this.inFlight = item.id;
    const { id, kind, text, payload, lat, lon } = item;
    this.say({ t: "msg", id, kind, text, payload, lat, lon });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.drop(), PATIENCE);
  }

  restart() { token.set(null); this.tries = 0; const socket = this.socket; this.socket = null; clearInterval(this.beat); this.open = false; this.inFlight = null; socket?.close(); this.connect(); }
}
