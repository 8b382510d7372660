// Every English word that the page itself says. What the linter says comes from crates/core.

import type { Severity } from "./report";

/** Filled into index.html by the build, wherever it says {{name}}. */
export const page = {
  title: "keyless: check bitbucket-pipelines.yml",
  description: "Checks Bitbucket pipelines as you type, in your browser. Nothing is uploaded.",
  name: "keyless",
  claim: "a checker for Bitbucket pipelines that deploy to AWS without a stored key",
  actions: "File",
  editor: "Pipeline file",
  findings: "Findings",
  filter: "Show",
  promise: "Everything runs in this tab. Nothing that you type or open leaves it.",
  keys: "F8 next finding · Shift F8 previous · Ctrl . fix",
  noScript: "The checker is a program that runs in your browser, so it needs JavaScript. Nothing is uploaded.",
} as const;

export const FILE_NAME = "bitbucket-pipelines.yml";

const SEVERITY_WORDS: Record<Severity, [one: string, many: string]> = {
  error: ["error", "errors"],
  warning: ["warning", "warnings"],
  hint: ["hint", "hints"],
};

export const severityHeading = (severity: Severity): string => {
  const many = SEVERITY_WORDS[severity][1];
  return many[0]!.toUpperCase() + many.slice(1);
};

export const counted = (count: number, severity: Severity): string =>
  `${count} ${SEVERITY_WORDS[severity][count === 1 ? 0 : 1]}`;

export const editor = {
  label: "bitbucket-pipelines.yml. Escape, then Tab, leaves the editor.",
};

export const findings = {
  filter: "Findings shown",
  fixAll: (count: number) => (count === 1 ? "Apply the safe fix" : `Apply all ${count} safe fixes`),
  clean: "No findings.",
  empty: "Paste a bitbucket-pipelines.yml on the left, or drop the file there.",
  more: (count: number) => `${count} more, shown when these are fixed`,
  place: (line: number, column: number) => `${line}:${column}`,
  goTo: (line: number, column: number) => `Go to line ${line}, column ${column}`,
};

export const status = {
  checking: "checking",
  clean: "nothing found",
  checked: (counts: string, milliseconds: number) =>
    `${counts}, checked in ${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`,
  failed:
    "keyless stumbled over this text and started again. Your text is untouched; the findings return with the next change.",
};
