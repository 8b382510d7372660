// The editor in the page's colors: custom properties of style.css reach into its shadow root.

import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

import type { Severity } from "./protocol";
import { SEVERITIES } from "./severity";

export const highlighting = HighlightStyle.define([
  { tag: tags.definition(tags.propertyName), color: "var(--code-key)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: tags.lineComment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.labelName, tags.typeName], color: "var(--code-anchor)" },
  { tag: [tags.separator, tags.punctuation, tags.squareBracket, tags.brace, tags.meta], color: "var(--code-mark)" },
]);

const underline = (color: string) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${color} 1px`,
  textDecorationSkipInk: "none",
  textUnderlineOffset: "3px",
});

// Shapes repeat what the colors say: a circle, a diamond, a square.
const SHAPES: Record<Severity, Record<string, string>> = {
  error: { borderRadius: "50%" },
  warning: { borderRadius: "1px", transform: "rotate(45deg) scale(0.9)" },
  hint: { borderRadius: "1px" },
};

const severities = SEVERITIES.flatMap((severity): [string, Record<string, unknown>][] => [
  [`.cm-lintRange-${severity}`, underline(`var(--${severity})`)],
  [`.cm-lint-marker-${severity}`, { content: "''", backgroundColor: `var(--${severity})`, ...SHAPES[severity] }],
  [`.cm-diagnostic-${severity}`, { borderLeft: `3px solid var(--${severity})` }],
  [`.cm-lintPoint-${severity}:after`, { borderBottomColor: `var(--${severity}) !important` }],
]);

const FIELD = { backgroundColor: "var(--sheet)", color: "var(--ink)", border: "1px solid var(--edge)", borderRadius: "6px" };

export const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "var(--code-size)", color: "var(--ink)", backgroundColor: "var(--sheet)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--code)", lineHeight: "1.6" },
  ".cm-content": { padding: "0.75rem 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 0.75rem 0 0.5rem" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sheet)", color: "var(--faint)", border: "none", paddingLeft: "0.4rem" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--line)" },
  ".cm-activeLineGutter": { color: "var(--ink)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "var(--selection)",
  },
  ".cm-selectionMatch": { backgroundColor: "var(--match)" },
  ".cm-searchMatch": { backgroundColor: "var(--match)", outline: "1px solid var(--edge)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--match)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--line)", border: "none", color: "var(--soft)", padding: "0 0.4em" },
  ".fold": { display: "inline-block", color: "var(--faint)", padding: "0 0.2rem", cursor: "pointer" },
  ".fold.open": { transform: "rotate(90deg)" },
  ".cm-gutter-lint": { width: "0.9rem" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0", display: "flex", alignItems: "center", justifyContent: "center" },
  ".cm-lint-marker": { width: "0.5rem", height: "0.5rem" },
  ...Object.fromEntries(severities),
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--ink)",
    border: "1px solid var(--edge)",
    borderRadius: "6px",
    boxShadow: "var(--shadow)",
    fontFamily: "var(--prose)",
    fontSize: "0.9rem",
    lineHeight: "1.45",
    maxWidth: "min(34rem, calc(100vw - 2rem))",
    overflow: "hidden",
  },
  ".cm-tooltip ul.cm-tooltip-lint": { margin: "0", padding: "0", listStyle: "none" },
  ".cm-diagnostic": { padding: "0.5rem 0.75rem", margin: "0", whiteSpace: "normal" },
  ".cm-diagnostic .help": { display: "block", color: "var(--soft)", marginTop: "0.2rem" },
  ".cm-diagnostic code": { fontFamily: "var(--code)", fontSize: "0.92em" },
  ".cm-diagnosticAction": {
    display: "block",
    margin: "0.45rem 0 0.1rem",
    padding: "0.15rem 0.6rem",
    border: "1px solid var(--accent)",
    borderRadius: "6px",
    backgroundColor: "var(--tint)",
    color: "var(--accent)",
  },
  ".cm-diagnosticAction:hover": { backgroundColor: "var(--accent)", color: "var(--sheet)" },
  ".hover": { padding: "0.5rem 0.75rem" },
  ".hover strong": { fontWeight: "600" },
  ".hover p": { margin: "0.1rem 0 0", color: "var(--soft)" },
  ".hover p:first-of-type": { color: "var(--ink)" },
  "a.more": { color: "var(--accent)", textUnderlineOffset: "2px", fontSize: "0.92em" },
  ".cm-diagnostic a.more": { display: "block", marginTop: "0.25rem", fontFamily: "var(--code)", color: "var(--soft)" },
  ".hover code": { fontFamily: "var(--code)", fontSize: "0.92em" },
  ".cm-tooltip.completion > ul": { fontFamily: "var(--code)", fontSize: "0.85rem", maxHeight: "18rem" },
  ".cm-tooltip.completion > ul > li": {
    display: "flex",
    gap: "1rem",
    justifyContent: "space-between",
    padding: "0.15rem 0.6rem",
    lineHeight: "1.5",
  },
  ".cm-tooltip.completion > ul > li[aria-selected]": { backgroundColor: "var(--selection)", color: "var(--ink)" },
  ".cm-completionLabel": { flex: "none" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": {
    margin: "0",
    overflow: "hidden",
    textOverflow: "ellipsis",
    color: "var(--soft)",
    fontFamily: "var(--prose)",
    fontStyle: "normal",
  },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)", borderColor: "var(--edge)" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--edge)" },
  ".cm-panel.cm-search": { fontFamily: "var(--prose)", padding: "0.5rem 2rem 0.5rem 0.75rem" },
  ".cm-panel.cm-search :is(input, button, label)": { fontSize: "0.85rem", margin: "0.15rem 0.5rem 0.15rem 0" },
  ".cm-panel.cm-search [name=close]": { fontSize: "1.2rem", padding: "0.2rem 0.5rem", color: "var(--soft)" },
  ".cm-panel.cm-search input[type=checkbox]": { margin: "0 0.35rem 0 0", accentColor: "var(--accent)" },
  ".cm-textfield": { ...FIELD, fontFamily: "var(--code)", padding: "0.2rem 0.5rem" },
  ".cm-button": { ...FIELD, backgroundImage: "none", padding: "0.2rem 0.6rem", cursor: "pointer" },
  ".cm-button:active": { backgroundImage: "none", backgroundColor: "var(--selection)" },
});
