// The service worker: opens the chat where there is no network, as it was last seen; what is written there waits in the page.
const CACHE = "bricol-{{version}}";
const PAGE = "/chat";
const FILES = {{files}};

self.addEventListener("install", (event) => event.waitUntil(
  caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...FILES])).then(() => self.skipWaiting()),
));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("bricol-") && name !== CACHE) await caches.delete(name);
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (pathname === PAGE && event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (FILES.includes(pathname)) event.respondWith(caches.match(pathname).then((found) => found || fetch(event.request)));
});

async function page(request) { // fresh where it can be had
  try {
    const answer = await fetch(request);
    if (answer.ok) await (await caches.open(CACHE)).put(PAGE, answer.clone());
    if (answer.status < 500) return answer;
  } catch { /* no network */ }
  return (await caches.match(PAGE)) || Response.error();
}
