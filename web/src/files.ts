// Opens files from the visitor's disk, and downloads them again.

import { MAX_BYTES } from "./bounded";

/** An opened file. The editor uses `\n`; `crlf` is true if the file used `\r\n`. */
export interface OpenedFile {
  name: string;
  text: string;
  crlf: boolean;
}

export type Refusal = "folder" | "too-large" | "not-text";

/** Reads a chosen or dropped file. */
export async function open(file: File): Promise<OpenedFile | Refusal> {
  if (file.size > MAX_BYTES) return "too-large";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return { name: file.name, text, crlf: text.includes("\r\n") };
  } catch (error) {
    // Reading a folder fails with a DOMException.
    return error instanceof TypeError ? "not-text" : "folder";
  }
}

/** Lets the visitor choose a file. */
export function choose(opened: (file: File) => void): void {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".yml,.yaml";
  input.onchange = () => {
    const file = input.files?.[0];
    if (file) opened(file);
  };
  input.click();
}

/** Accepts files that are dropped anywhere on the page. */
export function acceptDrops(target: HTMLElement, opened: (file: File) => void): void {
  const carriesFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const mark = (over: boolean) => target.classList.toggle("dropping", over);
  // In the capturing phase, because the editor would insert the file's text at the pointer.
  target.addEventListener(
    "dragover",
    (event) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      mark(true);
    },
    true,
  );
  target.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false), true);
  target.addEventListener(
    "drop",
    (event) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      event.stopPropagation();
      mark(false);
      const file = event.dataTransfer?.files[0];
      if (file) opened(file);
    },
    true,
  );
}

/** Downloads `text` as a file. */
export function download(name: string, text: string, crlf: boolean): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([crlf ? text.replaceAll("\n", "\r\n") : text], { type: "application/yaml" }));
  link.download = name;
  link.click();
  // Once started, the download no longer needs the URL.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
