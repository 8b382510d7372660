// What the page may ask the worker. Each question is one export of crates/wasm.

import type { Located, LocatedReport } from "./report";

/** Documentation of the key or variable at a place. */
export interface Hover extends Located {
  title: string;
  lines: string[];
}

/** What may replace the word at the cursor. */
export interface Completion extends Located {
  options: { label: string; insert?: string; kind: "key" | "value" | "name" | "alias"; doc: string }[];
}

/** Offsets count UTF-16 units, in questions and in answers. */
export interface Questions {
  hover: { ask: [text: string, offset: number]; answer: Hover | null };
  completion: { ask: [text: string, offset: number]; answer: Completion | null };
  definition: { ask: [text: string, offset: number]; answer: Located[] };
  lint: { ask: [text: string, fileName: string, knownVariables: string[]]; answer: LocatedReport };
}

export type Question = keyof Questions;

export interface Request<Q extends Question = Question> {
  id: number;
  question: Q;
  ask: Questions[Q]["ask"];
}

/** `milliseconds` is the time inside the module, without the way to the worker and back. */
export type Reply =
  | { id: number; answer: Questions[Question]["answer"]; milliseconds: number }
  | { id: number; panic: string };
