// Caches all files of one version of the site, so that it works offline and never mixes two versions.

export type {};

declare const self: ServiceWorkerGlobalScope;
/** Defined by the build: a digest of all files, and their relative paths. */
declare const VERSION: string;
declare const FILES: readonly string[];

const PREFIX = "keyless-";
const CACHE = PREFIX + VERSION;

self.addEventListener("install", (event) => {
  // Bypass the HTTP cache, which may have files of the previous version.
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
      .then((cached) => cached ?? fetch(event.request)),
  );
});

// The page sends this when the visitor wants the new version.
self.addEventListener("message", (event) => {
  if (event.data === "activate") void self.skipWaiting();
});
