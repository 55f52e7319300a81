// What this browser remembers: the session's token and the conversation, so that a closed tab or a lost network loses nothing.
const KEEP = 200;
const memory = {};
const read = (key) => { try { return localStorage.getItem(key); } catch { return memory[key] ?? null; } };
const write = (key, value) => { memory[key] = value; try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private mode: this tab only */ } };
const remembered = (key) => ({ get: () => read(key), set: (value) => write(key, value) });

export const token = remembered("bricol.token");
export const draft = remembered("bricol.draft");
export const bigText = remembered("bricol.big");

export class Items {
  constructor() { this.list = []; this.merge(); }

  merge() { // another tab of this conversation may have written meanwhile
    let kept = [];
    try { kept = JSON.parse(read("bricol.items")) || []; } catch { /* unreadable: start over */ }
    if (!Array.isArray(kept)) return;
    const known = new Map(this.list.map((item) => [item.who + item.id, item]));
    for (const item of kept) {
      const mine = known.get(item.who + item.id);
      if (!mine) this.list.push(item);
      else if (mine.state === "pending" && item.state !== "pending") Object.assign(mine, { state: item.state, why: item.why });
    }
    this.list.sort((a, b) => a.at - b.at);
  }

  save() {
    this.merge();
    const old = this.list.length - KEEP;
    this.list = this.list.filter((item, n) => n >= old || item.state === "pending"); // what waits is never forgotten
    write("bricol.items", JSON.stringify(this.list));
  }

  has(who, id) { return this.list.some((item) => item.who === who && item.id === id); }
  find(id) { return this.list.find((item) => item.who === "me" && item.id === id); }
  get waiting() { return this.list.filter((item) => item.who === "me" && item.state === "pending"); }
  get last() { return this.list[this.list.length - 1]; }

  add(item) {
    item.at = Math.max(item.at, (this.last?.at ?? 0) + 1); // the order of arrival is the order shown, whatever the clocks say
    this.list.push(item);
    this.save();
    return item;
  }

  clear(keepPending = false) {
    write("bricol.items", null);
    this.list = keepPending ? this.list.filter((item) => item.state === "pending") : [];
    if (this.list.length) write("bricol.items", JSON.stringify(this.list));
  }
}
