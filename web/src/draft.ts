// What was typed outlives a reload of its tab, and nothing else.

const KEY = "keyless.draft";
const SAVE_AFTER_MS = 400;

/** Drafts past this are not kept: the browser's store is small. */
const LARGEST = 1_000_000;

export const read = (): string | null => sessionStorage.getItem(KEY);

let timer: ReturnType<typeof setTimeout> | undefined;

/** Keeps `text` once typing pauses. */
export function write(text: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    try {
      if (text.length <= LARGEST) sessionStorage.setItem(KEY, text);
      else sessionStorage.removeItem(KEY);
    } catch {
      // A full or forbidden store costs the draft, not the work.
    }
  }, SAVE_AFTER_MS);
}
