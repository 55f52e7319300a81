// A visitor's photos: known by their bytes, made small, kept in this browser until they have left, and uploaded with their progress.
import { token } from "./store.js";

export const MOST_MB = 25, SERVER_MB = 5; // what the page opens; what the server takes (WebSettings.max_photo)
const MOST_PIXELS = 50e6, SIDE = 1600, QUALITY = 0.85; // 1600 px show a leak; they are some 300 kB on a slow network
const PATIENCE = 120000;

export class BadPhoto extends Error {
  constructor(code) { super(code); this.code = code; } // a key of words: page_photo_<code>
}

// --- looking at a file ---

async function begins(file) {
  try { return String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer())); } catch { throw new BadPhoto("broken"); }
}
const isPhoto = (head) => head.startsWith("\xff\xd8\xff") || head.startsWith("\x89PNG\r\n\x1a\n") || (head.startsWith("RIFF") && head.endsWith("WEBP"));

// The file as a small JPEG {blob, width, height}, without what its camera wrote into it (the place, too). Raises BadPhoto.
export async function shrunk(file) {
  if (!isPhoto(await begins(file))) throw new BadPhoto("not");
  if (file.size > MOST_MB * 2 ** 20) throw new BadPhoto("heavy");
  const address = URL.createObjectURL(file);
  try {
    const picture = await opened(address);
    const { naturalWidth: wide, naturalHeight: high } = picture;
    if (wide * high > MOST_PIXELS) throw new BadPhoto("pixels");
    const scale = Math.min(1, SIDE / Math.max(wide, high));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(wide * scale)), height: Math.max(1, Math.round(high * scale)) });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff"; // behind what is transparent
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!blob) throw new BadPhoto("broken");
    return { blob, width: canvas.width, height: canvas.height };
  } finally { URL.revokeObjectURL(address); }
}

function opened(address) {
  return new Promise((done, refuse) => {
    const picture = new Image();
    picture.onload = () => (picture.naturalWidth ? done(picture) : refuse(new BadPhoto("broken")));
    picture.onerror = () => refuse(new BadPhoto("broken"));
    picture.src = address;
  });
}

// --- keeping it over a reload ---

const memory = new Map(); // where the browser keeps nothing: this tab only
const base = new Promise((done) => {
  try {
    const asked = indexedDB.open("bricol", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("photos");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => done(null);
  } catch { done(null); }
});

async function ask(mode, call) { // the answer once it is on disk; undefined where that fails
  const db = await base;
  if (!db) return undefined;
  return new Promise((done) => {
    try {
      const work = db.transaction("photos", mode), asked = call(work.objectStore("photos"));
      work.oncomplete = () => done(asked.result);
      work.onerror = work.onabort = () => done(undefined);
    } catch { done(undefined); }
  });
}

export const kept = {
  async put(id, blob) { if ((await ask("readwrite", (all) => all.put(blob, id))) === undefined) memory.set(id, blob); },
  async get(id) { return memory.get(id) ?? ask("readonly", (all) => all.get(id)); },
  async only(ids) { // the conversation forgets old messages: so do we their photos
    const stays = new Set(ids);
    for (const id of (await ask("readonly", (all) => all.getAllKeys())) ?? []) if (!stays.has(id)) await ask("readwrite", (all) => all.delete(id));
  },
};

// --- uploading ---

const REFUSED = { not_a_photo: "not", too_many_pixels: "pixels" };

// Starts the upload of one kept photo. `answer` becomes "ok", "later" (with `ms`), "stranger" (our session is unknown) or "refused" (with `why`).
export function upload(id, progress) {
  const call = new XMLHttpRequest();
  const answer = (async () => {
    const blob = await kept.get(id);
    if (!blob) return { say: "refused", why: "gone" };
    return new Promise((done) => {
      call.open("POST", `/chat/photo?id=${id}`);
      call.setRequestHeader("Authorization", `Bearer ${token.get()}`);
      call.timeout = PATIENCE;
      call.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      call.onload = () => done(read(call));
      call.onerror = call.onabort = call.ontimeout = () => done({ say: "later", ms: 3000 });
      call.send(blob);
    });
  })();
  return { answer, abort: () => call.abort() };
}

function read(call) {
  if (call.status === 200) return { say: "ok" };
  if (call.status === 401) return { say: "stranger" };
  if (call.status === 429 || call.status >= 500) return { say: "later", ms: 1000 * (Number(call.getResponseHeader("Retry-After")) || 3) };
  if (call.status === 413) return { say: "refused", why: "heavy" };
  let code = "";
  try { code = JSON.parse(call.responseText).error; } catch { /* not our words */ }
  return { say: "refused", why: REFUSED[code] || "broken" };
}
