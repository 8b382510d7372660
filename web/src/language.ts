// YAML highlighting and folding, by CodeMirror's parser.

import { yamlLanguage } from "@codemirror/lang-yaml";
import { LanguageSupport } from "@codemirror/language";
import { NodeType, Tree } from "@lezer/common";
import type { PartialParse } from "@lezer/common";

/** Disables highlighting if the parser fails: it recurses, and thousands of nested brackets exhaust the stack. */
function surviving(parse: PartialParse, length: number): PartialParse {
  return {
    get parsedPos() {
      return parse.parsedPos;
    },
    get stoppedAt() {
      return parse.stoppedAt;
    },
    stopAt: (position) => parse.stopAt(position),
    advance() {
      try {
        return parse.advance();
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return new Tree(NodeType.none, [], [], length);
      }
    },
  };
}

export const pipelineLanguage = new LanguageSupport(
  yamlLanguage.configure({ wrap: (parse, input) => surviving(parse, input.length) }),
);
