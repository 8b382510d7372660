// What the page may ask the worker. Each question is one export of crates/wasm.

import type { LocatedReport } from "./report";

export interface Questions {
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
