// Hover documentation, completion and go to definition, all answered by the worker.

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { EditorSelection, Prec } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap } from "@codemirror/view";
import type { Tooltip } from "@codemirror/view";

import { element, prose } from "./dom";
import type { Engine } from "./engine";
import type { Questions } from "./questions";
import { reference } from "./anchors";
import * as text from "./text";

/** The length of the longest file, in UTF-16 units, for which the worker is asked. */
const MAX_LENGTH = 300_000;

export function assistance(engine: Engine): Extension {
  return [
    hoverTooltip((view, position) => documentation(engine, view, position), { hideOnChange: true, hoverTime: 250 }),
    autocompletion({
      override: [(context) => completion(engine, context)],
      icons: false,
      activateOnTypingDelay: 60,
      tooltipClass: () => "completion",
    }),
    Prec.high(keymap.of(completionKeymap)),
    keymap.of([{ key: "F12", run: (view) => (void definition(engine, view, view.state.selection.main.head), true) }]),
    EditorView.domEventHandlers({
      mousedown(event, view) {
        const position = event.ctrlKey || event.metaKey ? view.posAtCoords(event) : null;
        if (position === null) return false;
        void definition(engine, view, position);
        return false;
      },
    }),
  ];
}

/** The answer to a question about the editor's text; `undefined` if the text changed meanwhile or the worker failed. */
async function ask<Q extends "hover" | "completion" | "definition">(
  engine: Engine,
  question: Q,
  view: EditorView,
  position: number,
): Promise<Questions[Q]["answer"] | undefined> {
  const { doc } = view.state;
  if (doc.length > MAX_LENGTH) return undefined;
  try {
    const { answer } = await engine.ask(question, ...([doc.toString(), position] as Questions[Q]["args"]));
    return view.state.doc.eq(doc) ? answer : undefined;
  } catch {
    return undefined;
  }
}

async function documentation(engine: Engine, view: EditorView, position: number): Promise<Tooltip | null> {
  const hover = await ask(engine, "hover", view, position);
  if (!hover) return null;
  const dom = element(
    "div",
    { className: "hover" },
    element("strong", {}, prose(text.hover.title(hover.name, hover.of))),
    ...hover.lines.map((line) => element("p", {}, prose(line))),
    hover.yaml === undefined ? undefined : element("pre", { textContent: hover.yaml }),
    hover.of === undefined
      ? undefined
      : element("a", { className: "more", href: reference(hover.of, hover.name), target: "_blank", textContent: text.hover.more }),
  );
  return { pos: hover.from, end: hover.to, above: true, create: () => ({ dom }) };
}

async function completion(engine: Engine, context: CompletionContext): Promise<CompletionResult | null> {
  const { view, pos, explicit } = context;
  const before = context.state.doc.lineAt(pos).text.slice(0, pos - context.state.doc.lineAt(pos).from);
  // While typing: from the second letter of a word, and after `key: ` and `*`.
  if (!view || !(explicit || /[\w-]{2}$|: $|\*$/.test(before))) return null;
  const found = await ask(engine, "completion", view, pos);
  if (!found || context.aborted) return null;
  const options = found.options.map(
    ({ label, insert, kind, doc }, index): Completion => ({
      label,
      type: kind,
      // Keep the order of the language table, where the most used keys come first.
      boost: -index,
      ...(doc && { detail: doc.replaceAll("`", "") }),
      ...(insert !== undefined && { apply: insert }),
    }),
  );
  return { from: found.from, to: found.to, options, validFor: /^[\w.-]*$/ };
}

async function definition(engine: Engine, view: EditorView, position: number): Promise<void> {
  const ranges = await ask(engine, "definition", view, position);
  const [first] = ranges ?? [];
  if (!ranges || !first) return;
  view.dispatch({
    selection: EditorSelection.create(ranges.map(({ from, to }) => EditorSelection.range(from, to))),
    effects: EditorView.scrollIntoView(first.from, { y: "center" }),
  });
}
