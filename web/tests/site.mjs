// Serves the built site on a free loopback port like a static host, in a subfolder to prove that its paths are relative.

import { createReadStream } from "node:fs";
import { access } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

/** The page that this checkout builds, or another one. */
export const DIST = process.env.KEYLESS_SITE ?? fileURLToPath(new URL("../dist", import.meta.url));

const FOLDER = "/some/folder/";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

/** Serves web/dist; `address` is the page's URL. */
export async function serve() {
  const replaced = new Map();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const path = pathname.startsWith(FOLDER) ? normalize(pathname.slice(FOLDER.length)) : "";
    const file = join(DIST, path === "." || path === "" ? "index.html" : path);
    try {
      if (!pathname.startsWith(FOLDER) || !file.startsWith(DIST)) throw new Error("outside of the site");
      await access(file);
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    if (replaced.has(path)) response.end(replaced.get(path));
    else createReadStream(file).pipe(response);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    address: `http://127.0.0.1:${server.address().port}${FOLDER}`,
    /** Replaces the content of a file, as a new version of the site does. */
    replace: (path, text) => replaced.set(path, text),
    /** May be called more than once. */
    close: () => new Promise((closed) => server.close(() => closed()).closeAllConnections()),
  };
}
