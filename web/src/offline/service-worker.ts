// Keeps the whole site of one version, so that the page opens without a network and never mixes two versions.

export type {};

declare const self: ServiceWorkerGlobalScope;
/** Filled in by the build: a digest of all files, and their relative paths. */
declare const VERSION: string;
declare const FILES: readonly string[];

const PREFIX = "keyless-";
const CACHE = PREFIX + VERSION;

self.addEventListener("install", (event) => {
  // Past the HTTP cache, which may hold files of the last version.
  const requests = ["./", ...FILES].map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then((names) =>
      Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name))),
    ),
  );
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !event.request.url.startsWith(self.registration.scope)) return;
  event.respondWith(
    caches
      .open(CACHE)
      .then((cache) => cache.match(event.request, { ignoreSearch: true }))
      .then((kept) => kept ?? fetch(event.request)),
  );
});

// The page asks for this when its visitor wants the new version.
self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});
