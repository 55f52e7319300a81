// Photos chosen, pasted or dropped, shown above the words until they are sent or taken away again.
import { BadPhoto, MOST_MB, shrunk } from "./photos.js";
import { say } from "./words.js";

const MOST = 4;
const $ = (id) => document.getElementById(id);

export class Tray {
  constructor(tell, changed, done) {
    Object.assign(this, { list: [], tell, changed, done, work: Promise.resolve() });
    $("photo").onclick = () => $("file").click();
    $("file").onchange = () => { this.take([...$("file").files]); $("file").value = ""; };
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files || [])];
      if (files.length && !event.clipboardData.types.includes("text/plain")) { // words that were copied with their picture are words
        event.preventDefault();
        this.take(files);
      }
    });
    this.listenForDrops();
    document.addEventListener("spoke", () => this.draw());
  }

  listenForDrops() {
    const files = (event) => event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => { if (files(event)) { event.preventDefault(); $("drop").hidden = false; } });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").hidden = true; });
    document.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      $("drop").hidden = true;
      this.take([...event.dataTransfer.files]);
    });
  }

  next(work) { // one after the other: photos still being made small leave with the words sent meanwhile
    const done = this.work.then(work);
    this.work = done.catch(() => {});
    return done;
  }

  take(files) { return this.next(() => this.taken(files)); }
  empty() { return this.next(() => this.emptied()); } // hands over what was in it

  async taken(files) {
    for (const file of files) {
      if (this.list.length >= MOST) return this.tell(say("page_photo_many", { n: MOST }));
      try {
        const photo = await shrunk(file);
        this.list.push({ ...photo, address: URL.createObjectURL(photo.blob) });
      } catch (error) {
        if (!(error instanceof BadPhoto)) throw error;
        this.tell(say(`page_photo_${error.code}`, { mb: MOST_MB }));
      }
      this.draw();
    }
    this.done();
  }

  emptied() {
    const all = this.list;
    this.list = [];
    for (const photo of all) URL.revokeObjectURL(photo.address);
    this.draw();
    return all;
  }

  draw() {
    $("tray").hidden = !this.list.length;
    $("tray").replaceChildren(...this.list.map((photo, n) => {
      const row = document.createElement("li"), away = document.createElement("button");
      const picture = Object.assign(new Image(), { src: photo.address, alt: say("page_photo_yours") });
      Object.assign(away, { type: "button", className: "off", title: say("page_photo_remove"), textContent: "×" });
      away.setAttribute("aria-label", say("page_photo_remove"));
      away.onclick = () => {
        URL.revokeObjectURL(photo.address);
        this.list.splice(n, 1);
        this.draw();
        this.done();
      };
      row.append(picture, away);
      return row;
    }));
    this.changed();
  }
}
