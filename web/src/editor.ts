// The editor: CodeMirror with the extensions that a pipeline file needs.

import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { linter, lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from "@codemirror/lint";
import type { Diagnostic } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorSelection, EditorState } from "@codemirror/state";
import type { ChangeSpec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  tooltips,
} from "@codemirror/view";

import { assistance } from "./assistance";
import { element, prose } from "./dom";
import type { Engine } from "./engine";
import { pipelineLanguage } from "./language";
import type { LocatedFinding, TextRange } from "./questions";
import * as text from "./text";
import { highlighting, theme } from "./theme";

/** Findings beyond this number are not underlined, to keep the editor fast. */
const MAX_MARKS = 500;

export interface EditorEvents {
  /** The text changed. */
  edited(text: string): void;
  /** The cursor moved. */
  moved(position: number, line: number): void;
}

export class Editor {
  readonly #view: EditorView;
  #shown: { text: string; findings: readonly LocatedFinding[] } = { text: "", findings: [] };

  constructor(parent: HTMLElement, engine: Engine, events: EditorEvents) {
    // In a shadow root CodeMirror uses adopted style sheets instead of style elements, which the page's
    // Content-Security-Policy blocks.
    const root = parent.attachShadow({ mode: "open" });
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        extensions: [
          lineNumbers(),
          highlightActiveLineGutter(),
          lintGutter(),
          codeFolding(),
          foldGutter({ markerDOM: (open) => element("span", { className: open ? "fold open" : "fold", textContent: "›" }) }),
          history(),
          drawSelection(),
          EditorState.allowMultipleSelections.of(true),
          EditorState.tabSize.of(2),
          indentUnit.of("  "),
          indentOnInput(),
          bracketMatching(),
          highlightActiveLine(),
          highlightSelectionMatches(),
          pipelineLanguage,
          syntaxHighlighting(highlighting),
          linter(null, { hideOn: () => null }),
          assistance(engine),
          tooltips({ position: "fixed" }),
          theme,
          EditorView.contentAttributes.of({ "aria-label": text.editor.label, "aria-multiline": "true", tabindex: "0" }),
          keymap.of([
            { key: "F8", run: nextDiagnostic, shift: previousDiagnostic },
            { key: "Mod-.", run: () => this.#fixAtCursor() },
            // Tab indents; Escape and then Tab leaves the editor.
            { key: "Tab", run: indentMore, shift: indentLess },
            ...searchKeymap,
            ...historyKeymap,
            ...foldKeymap,
            ...defaultKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) events.edited(this.text);
            if (update.docChanged || update.selectionSet) {
              const { head } = update.state.selection.main;
              events.moved(head, update.state.doc.lineAt(head).number);
            }
          }),
        ],
      }),
    });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** Replaces the whole text, as one undo step. */
  set text(text: string) {
    const { doc } = this.#view.state;
    this.#view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
  }

  focus(): void {
    this.#view.focus();
  }

  /** Selects a range and brings it into view. */
  goTo(from: number, to: number): void {
    const { length } = this.#view.state.doc;
    const selection = EditorSelection.range(Math.min(from, length), Math.min(to, length));
    this.#view.dispatch({ selection, effects: EditorView.scrollIntoView(selection, { y: "center" }) });
    this.#view.focus();
  }

  /** Underlines the findings of `linted`, unless the text has changed since. */
  show(linted: string, findings: readonly LocatedFinding[]): void {
    if (linted !== this.text) return;
    this.#shown = { text: linted, findings };
    const diagnostics = findings.slice(0, MAX_MARKS).map((finding) => this.#diagnostic(finding));
    this.#view.dispatch(setDiagnostics(this.#view.state, diagnostics));
  }

  /** Applies the fixes of these findings as one undo step. A fix that overlaps an earlier one is skipped. */
  fix(findings: readonly LocatedFinding[]): void {
    // Edits are ranges of the text that was linted.
    if (this.#shown.text !== this.text) return;
    const taken: TextRange[] = [];
    const changes: ChangeSpec[] = [];
    for (const { fix } of findings) {
      if (!fix || fix.edits.some((edit) => taken.some((other) => overlap(edit, other)))) continue;
      taken.push(...fix.edits);
      changes.push(...fix.edits.map(({ from, to, replacement }) => ({ from, to, insert: replacement })));
    }
    if (changes.length) this.#view.dispatch({ changes, scrollIntoView: true, userEvent: "input.fix" });
  }

  /** Applies edits of a text as one undo step, unless the text has changed since. */
  apply(text: string, edits: readonly (TextRange & { replacement: string })[]): void {
    if (text !== this.text) return;
    const changes = edits.map(({ from, to, replacement }) => ({ from, to, insert: replacement }));
    this.#view.dispatch({ changes, scrollIntoView: true, userEvent: "input.fix" });
  }

  #diagnostic(finding: LocatedFinding): Diagnostic {
    const { from, to, severity, fix } = finding;
    return {
      from,
      to,
      severity,
      message: finding.message,
      renderMessage: () =>
        element(
          "span",
          {},
          prose(finding.message),
          ...(finding.help ? [element("span", { className: "help" }, prose(finding.help))] : []),
          element("a", {
            className: "more",
            href: `rules/${finding.rule}.html`,
            target: "_blank",
            textContent: finding.rule,
            title: text.rule.about(finding.rule),
          }),
        ),
      ...(fix && { actions: [{ name: fix.title.replaceAll("`", ""), apply: () => this.fix([finding]) }] }),
    };
  }

  /** The first fix that touches the cursor's line. */
  #fixAtCursor(): boolean {
    const { doc, selection } = this.#view.state;
    const line = doc.lineAt(selection.main.head);
    const finding = this.#shown.findings.find(({ from, to, fix }) => fix && from <= line.to && to >= line.from);
    if (!finding) return false;
    this.fix([finding]);
    return true;
  }
}

/** Two insertions at the same position overlap too: their order would be arbitrary. */
const overlap = (a: TextRange, b: TextRange): boolean => (a.from < b.to && b.from < a.to) || a.from === b.from;
