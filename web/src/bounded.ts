// Text from a place that may send too much of it.

/** More than this is no pipeline file, and would make the editor slow. */
export const LARGEST = 8 * 1024 * 1024;

/** There is more of it than {@link LARGEST}. */
export class TooLarge extends RangeError {}

/** A whole stream as text; a `TypeError` where it is not UTF-8. */
export async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = stream.getReader();
  let text = "";
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > LARGEST) {
      await reader.cancel();
      throw new TooLarge();
    }
    text += decoder.decode(value, { stream: true });
  }
}
