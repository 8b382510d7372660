// Reads text from sources that may send too much of it.

/** In bytes. A larger file is not a pipeline file, and would make the editor slow. */
export const MAX_BYTES = 8 * 1024 * 1024;

/** The source has more than {@link MAX_BYTES}. */
export class TooLarge extends RangeError {}

/** Reads a whole stream as text; throws a `TypeError` if it is not UTF-8. */
export async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = stream.getReader();
  let text = "";
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MAX_BYTES) {
      await reader.cancel();
      throw new TooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
}
