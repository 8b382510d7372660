// Converts between byte offsets in UTF-8, which the core uses, and offsets in UTF-16 units, which JavaScript uses.

/** Converts an offset in UTF-16 units to bytes of UTF-8. */
export function utf8Offset(text: string, units: number): number {
  return new TextEncoder().encode(text.slice(0, units)).length;
}

/** A function that converts byte offsets of UTF-8 to UTF-16 units. */
export function utf16Offsets(text: string): (bytes: number) => number {
  // The end of each character that is not ASCII, in bytes and in UTF-16 units.
  const bytes: number[] = [0];
  const units: number[] = [0];
  let at = 0;
  for (const match of text.matchAll(/[^\0-\x7f]/gu)) {
    const character = match[0];
    const last = bytes.length - 1;
    const start = bytes[last]! + (match.index - units[last]!);
    const code = character.codePointAt(0)!;
    // A lone surrogate is encoded as U+FFFD, which has three bytes too.
    bytes.push(start + (code < 0x800 ? 2 : code < 0x10000 ? 3 : 4));
    units.push(match.index + character.length);
  }
  if (bytes.length === 1) return (offset) => offset;
  return (offset) => {
    // Offsets mostly come in ascending order: continue from the last one.
    if (bytes[at]! > offset) at = 0;
    while (at + 1 < bytes.length && bytes[at + 1]! <= offset) at += 1;
    return units[at]! + (offset - bytes[at]!);
  };
}
