// Registers the service worker.

/** Makes the site available offline. `updated` is called when a new version is ready, with a function that switches to it. */
export async function keepOffline(updated: (activate: () => void) => void): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  // Only a later worker replaces a version, when the visitor asks for it.
  const hadWorker = serviceWorker.controller !== null;
  serviceWorker.addEventListener("controllerchange", () => hadWorker && location.reload());
  try {
    const registration = await serviceWorker.register("service-worker.js");
    const offer = (worker: ServiceWorker | null) => {
      if (worker && hadWorker) updated(() => worker.postMessage("activate"));
    };
    offer(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => worker.state === "installed" && offer(worker));
    });
  } catch {
    // Without storage, or from a file, the page works online only.
  }
}
