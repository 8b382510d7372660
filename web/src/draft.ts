// Keeps the text across reloads of the tab.

const KEY = "keyless.draft";
const SAVE_AFTER_MS = 400;

/** Longer drafts, in UTF-16 units, are not kept: session storage is small. */
const MAX_LENGTH = 1_000_000;

export const read = (): string | null => sessionStorage.getItem(KEY);

let timer: ReturnType<typeof setTimeout> | undefined;

/** Saves `text` once typing pauses. */
export function write(text: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    try {
      if (text.length <= MAX_LENGTH) sessionStorage.setItem(KEY, text);
      else sessionStorage.removeItem(KEY);
    } catch {
      // Storage may be full or blocked; the page works without a draft.
    }
  }, SAVE_AFTER_MS);
}
