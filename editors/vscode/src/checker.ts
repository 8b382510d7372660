// Checks pipelines in the extension itself, where no binary runs: the module of the page, without fixes and settings.

import { readFileSync } from "node:fs";

import * as wasm from "keyless-wasm";

/** A finding with lines and columns from 0, in UTF-16 units. */
export interface Finding {
  rule: string;
  severity: "error" | "warning" | "hint";
  message: string;
  start: Place;
  end: Place;
}

export interface Place {
  line: number;
  character: number;
}

interface Reported {
  rule: string;
  severity: Finding["severity"];
  message: string;
  help?: string;
  offset: number;
  length: number;
}

/** Loads the module; until then nothing can be checked. */
export function load(file: string): void {
  wasm.initSync({ module: readFileSync(file) });
}

/** The findings of a pipeline file. */
export function check(text: string): Finding[] {
  const report = JSON.parse(wasm.lint(text, "bitbucket-pipelines.yml", [])) as { findings: Reported[] };
  const bytes = Buffer.from(text);
  return report.findings.map(({ rule, severity, message, help, offset, length }) => ({
    rule,
    severity,
    message: help === undefined ? message : `${message}\nhelp: ${help}`,
    start: place(bytes, offset),
    end: place(bytes, offset + length),
  }));
}

/** Offsets count bytes of UTF-8, and editors count lines and UTF-16 units. */
function place(bytes: Buffer, offset: number): Place {
  const before = bytes.subarray(0, offset).toString();
  const lines = before.split(/\r\n|\r|\n/);
  return { line: lines.length - 1, character: (lines.at(-1) ?? "").length };
}

/** Whether Bitbucket reads a file as a pipeline, by its name. */
export const isPipeline = (path: string): boolean => /(^|[\\/])bitbucket-pipelines\.ya?ml$/.test(path);
