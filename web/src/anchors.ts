// The ids in docs/pipeline-language.html. The build uses the same functions to write the page.

/** The id of a heading. */
export const heading = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .replaceAll(" ", "-");

/** The id of a key's row; `of` is the title of the object that has the key. */
export const key = (of: string, name: string): string => `${heading(of)}.${name}`;

/** The address of a key's row, relative to the checker. */
export const reference = (of: string, name: string): string =>
  `docs/pipeline-language.html#${encodeURIComponent(key(of, name))}`;
