// Byte offsets of UTF-8, in which the core counts, against offsets of UTF-16, in which JavaScript does.

/** The offset into the UTF-8 form of `text` for an offset into `text`. */
export function utf8Offset(text: string, units: number): number {
  return new TextEncoder().encode(text.slice(0, units)).length;
}

/** A function from byte offsets into the UTF-8 form of `text` to offsets into `text`. */
export function utf16Offsets(text: string): (bytes: number) => number {
  // After each character that is not ASCII: its end in bytes, and in UTF-16 units.
  const bytes: number[] = [0];
  const units: number[] = [0];
  let at = 0;
  for (const match of text.matchAll(/[^\0-\x7f]/gu)) {
    const character = match[0];
    const last = bytes.length - 1;
    const start = bytes[last]! + (match.index - units[last]!);
    const code = character.codePointAt(0)!;
    // A lone surrogate is written as U+FFFD, which has three bytes as it would have itself.
    bytes.push(start + (code < 0x800 ? 2 : code < 0x10000 ? 3 : 4));
    units.push(match.index + character.length);
  }
  if (bytes.length === 1) return (offset) => offset;
  return (offset) => {
    // Places come mostly in the order of the text: search on from the last one.
    if (bytes[at]! > offset) at = 0;
    while (at + 1 < bytes.length && bytes[at + 1]! <= offset) at += 1;
    return units[at]! + (offset - bytes[at]!);
  };
}
