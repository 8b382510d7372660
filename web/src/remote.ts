// Fetches a file from a URL that the visitor enters: the only request to another host.

import * as bounded from "./bounded";
import type { OpenedFile } from "./files";

const TIMEOUT_MS = 15_000;

/** Pages that show a file, and the URL of the file itself, which other pages may read (CORS). */
const RAW: readonly [page: RegExp, raw: string][] = [
  // https://developer.atlassian.com/cloud/bitbucket/rest/api-group-source/
  [/^https:\/\/bitbucket\.org\/([^/]+\/[^/]+)\/(?:src|raw)\/(.+)$/, "https://api.bitbucket.org/2.0/repositories/$1/src/$2"],
  // https://docs.github.com/en/repositories/working-with-files/using-files/viewing-and-understanding-files
  [/^https:\/\/github\.com\/([^/]+\/[^/]+)\/(?:blob|raw)\/(.+)$/, "https://raw.githubusercontent.com/$1/$2"],
];

/** The URL to request for what was typed; `undefined` if that is not an https URL. */
export function address(typed: string): URL | undefined {
  try {
    const url = new URL(typed.trim());
    if (url.protocol !== "https:" || url.username || url.password) return undefined;
    url.hash = "";
    const [page, raw] = RAW.find(([page]) => page.test(url.origin + url.pathname)) ?? [];
    return page && raw ? new URL((url.origin + url.pathname).replace(page, raw)) : url;
  } catch {
    return undefined;
  }
}

/** Why a file could not be fetched. */
export type Failure = "unreadable" | "too-large" | "not-text" | { status: number };

/** Fetches the file without cookies and referrer. */
export async function get(url: URL): Promise<OpenedFile | Failure> {
  let response: Response;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", signal });
  } catch {
    return "unreadable";
  }
  if (!response.ok || !response.body) return { status: response.status };
  try {
    const text = await bounded.text(response.body);
    const name = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
    return { name, text, crlf: text.includes("\r\n") };
  } catch (error) {
    if (error instanceof bounded.TooLarge) return "too-large";
    // A broken stream fails with a DOMException, or with a TypeError about the network.
    return error instanceof TypeError && !error.message.includes("network") ? "not-text" : "unreadable";
  }
}
