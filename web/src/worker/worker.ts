// Runs the module off the page's thread. A panic ends the worker: the page starts another.

import init, * as keyless from "../../.build/keyless_wasm.js";
import type { Questions, Reply, Request } from "../protocol";
import type { Finding, Located, Range, Report } from "../report";
import { utf16Offsets } from "./offsets";

declare const self: DedicatedWorkerGlobalScope;

const ready = init({ module_or_path: fetch(new URL("keyless.wasm", self.location.href)) });

const answers: { [Q in keyof Questions]: (...ask: Questions[Q]["ask"]) => Questions[Q]["answer"] } = {
  lint(text, fileName, knownVariables) {
    const report = JSON.parse(keyless.lint(text, fileName, knownVariables)) as Report;
    const offset = utf16Offsets(text);
    const locate = <R extends Range>(range: R): R & Located => ({
      ...range,
      from: offset(range.offset),
      to: offset(range.offset + range.length),
    });
    const findings = report.findings.map(({ related, fix, ...finding }: Finding) => ({
      ...locate(finding),
      related: (related ?? []).map(locate),
      ...(fix && { fix: { ...fix, edits: fix.edits.map(locate) } }),
    }));
    return { ...report, findings };
  },
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
