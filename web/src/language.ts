// YAML's colours and folding, by CodeMirror's parser. What the file means is the core's business.

import { yamlLanguage } from "@codemirror/lang-yaml";
import { LanguageSupport } from "@codemirror/language";
import { NodeType, Tree } from "@lezer/common";
import type { PartialParse } from "@lezer/common";

/** Without colours where the parser gives up: it recurses, and thousands of nested brackets exhaust the stack. */
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
