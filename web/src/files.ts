// Files from the visitor's disk, and back to it.

import { LARGEST } from "./bounded";

/** A file as it was opened. The editor's lines end in `\n`; `crlf` remembers that the file's do not. */
export interface OpenedFile {
  name: string;
  text: string;
  crlf: boolean;
}

export type Refusal = "folder" | "too-large" | "not-text";

/** Reads a chosen or dropped file. */
export async function open(file: File): Promise<OpenedFile | Refusal> {
  if (file.size > LARGEST) return "too-large";
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    return { name: file.name, text, crlf: text.includes("\r\n") };
  } catch (error) {
    // A folder has no content that could be read.
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

/** Takes files that are dropped anywhere on the page. */
export function acceptDrops(target: HTMLElement, opened: (file: File) => void): void {
  const carriesFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const mark = (over: boolean) => target.classList.toggle("dropping", over);
  // Capturing: the editor would insert the file's text at the mouse.
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

/** Hands `text` to the visitor as a file. */
export function download(name: string, text: string, crlf: boolean): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([crlf ? text.replaceAll("\n", "\r\n") : text], { type: "application/yaml" }));
  link.download = name;
  link.click();
  // The download has its own hold on the content once it has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
