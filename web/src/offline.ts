// The page's end of the service worker.

/** Starts keeping the site for use without a network; `updated` is told of a new version, and how to change to it. */
export async function keepOffline(updated: (change: () => void) => void): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  // The first worker takes over nothing; a later one does when its visitor asked for it.
  const hadWorker = serviceWorker.controller !== null;
  serviceWorker.addEventListener("controllerchange", () => hadWorker && location.reload());
  try {
    const registration = await serviceWorker.register("service-worker.js");
    const offer = (worker: ServiceWorker | null) => {
      if (worker && hadWorker) updated(() => worker.postMessage("take over"));
    };
    offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => worker.state === "installed" && offer(worker));
    });
  } catch {
    // Without a store, or from a file, the page works as long as the network does.
  }
}
