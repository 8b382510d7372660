// The page: text goes to the worker, findings come back to the editor and the views.

import { byId, element } from "./dom";
import * as draft from "./draft";
import { Editor } from "./editor";
import { Engine, Latest } from "./engine";
import { EXAMPLES } from "./examples";
import * as files from "./files";
import { Findings } from "./findings";
import { Identity } from "./identity";
import * as menus from "./menus";
import { keepOffline } from "./offline";
import { Needs } from "./needs";
import { Picture } from "./picture";
import type { LocatedFinding } from "./questions";
import { SEVERITIES } from "./severity";
import { SetupView } from "./setup";
import * as share from "./share";
import { Tabs } from "./tabs";
import * as text from "./text";
import { TokenView } from "./token";
import { TrustView } from "./trust";

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
  moved(position, line) {
    findings.mark(line);
    picture.mark(position);
  },
});

const findings = new Findings({
  goTo: (from, to) => editor.goTo(from, to),
  fix: (findings) => editor.fix(findings),
});

const picture = new Picture((from, to) => editor.goTo(from, to));
const identity = new Identity();
const trust = new TrustView(engine, identity);
const token = new TokenView(engine, (token) => {
  trust.fill(token);
  tabs.show("trust");
  tell(text.trust.fromToken);
});
const setup = new SetupView(engine, identity, {
  ask(template) {
    trust.take(template);
    tabs.show("trust");
    tell(text.trust.fromSetup);
  },
  tell,
});

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
  (pipeline, { answer }) => {
    outlined = pipeline;
    picture.show(answer);
    trust.outline(pipeline, answer);
    setup.outline(answer);
  },
  () => {},
);

/** The text whose outline the views show. */
let outlined: string | undefined;

/** Brings the views that are drawn from the outline up to date. */
function drawOutline(): void {
  if (outlined !== editor.text) void outline.update(editor.text);
}

const tabs = new Tabs(byId("tabs"), byId("views"), [
  { id: "findings", title: text.views.findings, panel: findings.panel },
  { id: "needs", title: text.views.needs, panel: needs.panel, shown: () => void requirements.update(editor.text) },
  { id: "picture", title: text.views.picture, panel: picture.panel, shown: drawOutline },
  {
    id: "trust",
    title: text.views.trust,
    panel: trust.panel,
    shown() {
      drawOutline();
      trust.ask();
    },
  },
  { id: "token", title: text.views.token, panel: token.panel },
  { id: "setup", title: text.views.setup, panel: setup.panel, shown: drawOutline },
]);

const lint = new Latest(
  (pipeline: string) => engine.ask("lint", pipeline, file.name, needs.defined),
  (pipeline, { answer, milliseconds }) => {
    editor.show(pipeline, answer.findings);
    findings.show(answer.findings, pipeline.trim() === "");
    tabs.count("findings", answer.findings.length);
    if (["picture", "trust", "setup"].includes(tabs.current)) drawOutline();
    if (tabs.current === "needs") void requirements.update(pipeline);
    const counted = counts(answer.findings);
    say("checked", text.status.checked(counted, milliseconds));
    document.title = text.title(counted);
    announce(counted);
  },
  () => say("failed", text.status.failed),
);

function say(state: "checked" | "failed", words: string): void {
  status.textContent = words;
  status.dataset.state = state;
}

let announcing: ReturnType<typeof setTimeout> | undefined;

/** Tells a screen reader what was found, once typing rests. */
function announce(counted: string): void {
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    const announced = byId("announced");
    if (announced.textContent !== counted) announced.textContent = counted;
  }, 1_000);
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
  if (typeof opened === "string") tell(text.refusals[opened](chosen.name));
  else show(opened);
}

function show({ text: pipeline, name, crlf }: files.OpenedFile): void {
  edit(pipeline, name || text.FILE_NAME, crlf);
  tell(text.notices.opened(name || text.FILE_NAME));
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
menus.gallery(byId("gallery"), ({ pipeline }) => edit(pipeline, text.FILE_NAME, false));
menus.opening(byId("opening"), () => files.choose((chosen) => void openFile(chosen)), show);
menus.keys(byId("keys"));
menus.place();
addEventListener("hashchange", () => void openLink());

if (!(await openLink())) editor.text = draft.read() ?? EXAMPLES[0].pipeline;

void keepOffline((change) => {
  notice.replaceChildren(
    text.notices.update,
    " ",
    element("button", { type: "button", textContent: text.notices.reload, onclick: change }),
  );
});
