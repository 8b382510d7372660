// Shares a pipeline in a link: compressed into the fragment, which browsers do not send to the server.

import * as bounded from "./bounded";

const KEY = "p";

/** Encodes a text as a fragment with `#`, for {@link read}. */
export async function write(text: string): Promise<string> {
  const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(compressed).arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return `#${KEY}=${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

export type Shared = { text: string } | "none" | "damaged";

/** Decodes a fragment from {@link write}. */
export async function read(fragment: string): Promise<Shared> {
  const packed = new URLSearchParams(fragment.replace(/^#/, "")).get(KEY);
  if (packed === null) return "none";
  try {
    const binary = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    // A malicious link must not exhaust the memory.
    return { text: await bounded.text(inflated) };
  } catch {
    return "damaged";
  }
}
