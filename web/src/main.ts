// The page: text goes to the worker, findings come back to the editor and the views.

import { SetupView, TokenView, TrustView } from "./aws-views";
import { byId, element } from "./dom";
import * as draft from "./draft";
import { Editor } from "./editor";
import { Engine, Latest } from "./engine";
import * as examples from "./examples";
import * as files from "./files";
import { Findings } from "./findings";
import { keepOffline } from "./offline";
import { Needs } from "./needs";
import { Picture } from "./picture";
import { SEVERITIES } from "./report";
import type { LocatedFinding } from "./report";
import * as share from "./share";
import { Tabs } from "./tabs";
import * as text from "./text";

const engine = new Engine();
const status = byId("status");
const notice = byId("notice");

/** The file under the editor: what reports call it, and how its lines end. */
let file = { name: text.FILE_NAME, crlf: false };

const editor = new Editor(byId("editor"), engine, {
  edited(pipeline) {
    status.dataset.state = "checking";
    draft.write(pipeline);
    // The address names another pipeline from now on: a reload must bring back the draft.
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    void lint.update(pipeline);
  },
});

const findings = new Findings({
  goTo: (from, to) => editor.goTo(from, to),
  fix: (findings) => editor.fix(findings),
});

const picture = new Picture((from, to) => editor.goTo(from, to));
const trust = new TrustView(engine);
const token = new TokenView(engine, (token) => {
  trust.fill(token);
  tabs.show("trust");
  tell(text.trust.fromToken);
});
const setup = new SetupView(engine, tell);

const needs = new Needs(() => {
  void lint.update(editor.text);
  void requirements.update(editor.text);
}, tell);

const requirements = new Latest(
  (pipeline: string) => engine.ask("requirements", pipeline, needs.defined),
  (_, { answer }) => needs.show(answer),
  () => {},
);

const outline = new Latest(
  (pipeline: string) => engine.ask("outline", pipeline),
  (_, { answer }) => picture.show(answer),
  () => {},
);

const tabs = new Tabs(byId("tabs"), byId("views"), [
  { id: "findings", title: text.views.findings, panel: findings.panel },
  { id: "needs", title: text.views.needs, panel: needs.panel, shown: () => void requirements.update(editor.text) },
  { id: "picture", title: text.views.picture, panel: picture.panel, shown: () => void outline.update(editor.text) },
  { id: "trust", title: text.views.trust, panel: trust.panel, shown: () => trust.ask() },
  { id: "token", title: text.views.token, panel: token.panel },
  { id: "setup", title: text.views.setup, panel: setup.panel },
]);

const lint = new Latest(
  (pipeline: string) => engine.ask("lint", pipeline, file.name, needs.defined),
  (pipeline, { answer, milliseconds }) => {
    editor.show(pipeline, answer.findings);
    findings.show(answer.findings, pipeline.trim() === "");
    tabs.count("findings", answer.findings.length);
    if (tabs.current === "picture") void outline.update(pipeline);
    if (tabs.current === "needs") void requirements.update(pipeline);
    say("checked", text.status.checked(counts(answer.findings), milliseconds));
  },
  () => say("failed", text.status.failed),
);

function say(state: "checked" | "failed", words: string): void {
  status.textContent = words;
  status.dataset.state = state;
}

function counts(findings: readonly LocatedFinding[]): string {
  const parts = SEVERITIES.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count ? [text.counted(count, severity)] : [];
  });
  return parts.join(", ") || text.status.clean;
}

/** A line that goes away by itself. */
function tell(words: string): void {
  notice.textContent = words;
  setTimeout(() => notice.textContent === words && notice.replaceChildren(), 8_000);
}

function edit(pipeline: string, name: string, crlf: boolean): void {
  file = { name, crlf };
  byId("file-name").textContent = name;
  editor.text = pipeline;
}

async function openFile(chosen: File): Promise<void> {
  const opened = await files.open(chosen);
  if (typeof opened === "string") return tell(text.refusals[opened](chosen.name));
  edit(opened.text, opened.name, opened.crlf);
  tell(text.notices.opened(opened.name));
}

/** Opens the pipeline in the address; whether there is one. */
async function openLink(): Promise<boolean> {
  const shared = await share.read(location.hash);
  if (shared === "damaged") tell(text.notices.damaged);
  if (typeof shared === "string") return false;
  const { hash } = location;
  edit(shared.text, text.FILE_NAME, false);
  history.replaceState(null, "", hash);
  return true;
}

byId("open").onclick = () => files.choose((chosen) => void openFile(chosen));
byId("download").onclick = () => files.download(file.name, editor.text, file.crlf);
byId("share").onclick = async () => {
  history.replaceState(null, "", await share.write(editor.text));
  try {
    await navigator.clipboard.writeText(location.href);
    tell(text.notices.shared(location.href.length));
  } catch {
    tell(text.notices.notCopied);
  }
};
files.acceptDrops(document.body, (chosen) => void openFile(chosen));
examples.list(byId("gallery"), ({ pipeline }) => edit(pipeline, text.FILE_NAME, false));
addEventListener("hashchange", () => void openLink());

if (!(await openLink())) editor.text = draft.read() ?? examples.EXAMPLES[0].pipeline;

void keepOffline((change) => {
  notice.replaceChildren(
    text.notices.update,
    " ",
    element("button", { type: "button", textContent: text.notices.reload, onclick: change }),
  );
});
