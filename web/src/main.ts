// The page: text goes to the worker, findings come back to the editor and the list.

import { byId } from "./dom";
import { Editor } from "./editor";
import { Engine, Latest } from "./engine";
import * as examples from "./examples";
import { Findings } from "./findings";
import { SEVERITIES } from "./report";
import type { LocatedFinding } from "./report";
import * as text from "./text";

const engine = new Engine();
const status = byId("status");

const editor = new Editor(byId("editor"), {
  edited(pipeline) {
    status.dataset.state = "checking";
    void lint.update(pipeline);
  },
});
const findings = new Findings(byId("findings"), {
  goTo: (from, to) => editor.goTo(from, to),
  fix: (findings) => editor.fix(findings),
});

const lint = new Latest(
  (pipeline: string) => engine.ask("lint", pipeline, text.FILE_NAME, []),
  (pipeline, { answer, milliseconds }) => {
    editor.show(pipeline, answer.findings);
    findings.show(answer.findings, pipeline.trim() === "");
    say("checked", text.status.checked(counts(answer.findings), milliseconds));
  },
  () => say("failed", text.status.failed),
);

function say(state: "checking" | "checked" | "failed", words: string): void {
  status.dataset.state = state;
  status.textContent = words;
}

function counts(findings: readonly LocatedFinding[]): string {
  const parts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count ? [text.counted(count, severity)] : [];
  });
  return parts.join(", ") || text.status.clean;
}

say("checking", text.status.checking);
editor.text = examples.FIRST;
