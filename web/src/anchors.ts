// Where a key stands in docs/pipeline-language.html. The build writes the page with the same names.

/** The id of a heading. */
export const heading = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .replaceAll(" ", "-");

/** The id of a key's row: `of` is what has it, as the language table calls it. */
export const key = (of: string, name: string): string => `${heading(of)}.${name}`;

/** The address of a key's row, from the checker. */
export const reference = (of: string, name: string): string =>
  `docs/pipeline-language.html#${encodeURIComponent(key(of, name))}`;
