// Runs the module off the page's thread. A panic ends the worker: the page starts another.

import init, * as keyless from "../../.build/keyless_wasm.js";
import type { Questions, Reply, Request } from "../protocol";
import type { Finding, Located, Report } from "../report";
import { utf16Offsets, utf8Offset } from "./offsets";

declare const self: DedicatedWorkerGlobalScope;

const ready = init({ module_or_path: fetch(new URL("keyless.wasm", self.location.href)) });

/** A range as the core gives it. */
interface Bytes {
  offset: number;
  length: number;
}

/** Adds to ranges of `text` where they lie in UTF-16 units. */
function locator(text: string): <R extends Bytes>(range: R) => R & Located {
  const offset = utf16Offsets(text);
  return (range) => ({ ...range, from: offset(range.offset), to: offset(range.offset + range.length) });
}

/** Asks one of the questions about a place. */
function about<A>(ask: (text: string, offset: number) => string, text: string, offset: number): A {
  return JSON.parse(ask(text, utf8Offset(text, offset))) as A;
}

const answers: { [Q in keyof Questions]: (...ask: Questions[Q]["ask"]) => Questions[Q]["answer"] } = {
  lint(text, fileName, knownVariables) {
    const report = JSON.parse(keyless.lint(text, fileName, knownVariables)) as Report;
    const locate = locator(text);
    const findings = report.findings.map(({ related, fix, ...finding }: Finding) => ({
      ...locate(finding),
      related: (related ?? []).map(locate),
      ...(fix && { fix: { ...fix, edits: fix.edits.map(locate) } }),
    }));
    return { ...report, findings };
  },
  hover(text, offset) {
    const hover = about<(Questions["hover"]["answer"] & Bytes) | null>(keyless.hover, text, offset);
    return hover && locator(text)(hover);
  },
  completion(text, offset) {
    const completion = about<(Questions["completion"]["answer"] & Bytes) | null>(keyless.completion, text, offset);
    return completion && locator(text)(completion);
  },
  definition: (text, offset) => about<Bytes[]>(keyless.definition, text, offset).map(locator(text)),
};

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const { id, question, ask } = data;
  let reply: Reply;
  try {
    await ready;
    const start = performance.now();
    const answer = (answers[question] as (...ask: unknown[]) => Questions[typeof question]["answer"])(...ask);
    reply = { id, answer, milliseconds: performance.now() - start };
  } catch (error) {
    reply = { id, panic: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
