// Connects the editor, the worker and the views: text goes out, findings come back.

import { byId, element } from "./dom";
import * as draft from "./draft";
import { Editor } from "./editor";
import { Engine, Latest } from "./engine";
import { EXAMPLES } from "./examples";
import * as files from "./files";
import { Identity } from "./identity";
import * as menus from "./menus";
import { MigrateView } from "./migrate";
import { keepOffline } from "./offline";
import { PipelineView } from "./pipeline";
import { ProblemsView } from "./problems";
import type { LocatedFinding } from "./questions";
import { RequirementsView } from "./requirements";
import { SEVERITIES } from "./severity";
import { SetupView } from "./setup";
import * as share from "./share";
import { Tabs } from "./tabs";
import * as text from "./text";
import { TokenView } from "./token";
import { TrustView } from "./trust";

/** Whether the module with all rules could not be loaded since the last edit. It may be known before the first answer. */
let incomplete = false;

const engine = new Engine((loaded) => {
  incomplete = !loaded;
  if (loaded) void lint.update(editor.text);
  else showStatus("failed", text.status.incomplete);
});
const status = byId("status");
const notice = byId("notice");

/** The file in the editor: its name in reports and its line endings. */
let file = { name: text.FILE_NAME, crlf: false };

const editor = new Editor(byId("editor"), engine, {
  edited(pipeline) {
    status.dataset.state = "checking";
    incomplete = false;
    draft.write(pipeline);
    // The pipeline in the address is outdated now; a reload must restore the draft.
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    void lint.update(pipeline);
  },
  moved(position, line) {
    problems.mark(line);
    pipelines.mark(position);
  },
});

const problems = new ProblemsView({
  goTo: (from, to) => editor.goTo(from, to),
  fix: (findings) => editor.fix(findings),
});

const pipelines = new PipelineView((from, to) => editor.goTo(from, to));
const identity = new Identity();
const trust = new TrustView(engine, identity);
const token = new TokenView(engine, (token) => {
  trust.setClaims(token);
  tabs.show("trust");
  notify(text.trust.fromToken);
});
const setup = new SetupView(engine, identity, {
  simulate(template) {
    trust.setPolicy(template);
    tabs.show("trust");
    notify(text.trust.fromSetup);
  },
  notify,
});

const requirements = new RequirementsView(() => {
  void lint.update(editor.text);
  void readRequirements.update(editor.text);
}, notify);

const readRequirements = new Latest(
  (pipeline: string) => engine.ask("requirements", pipeline, requirements.defined),
  (_, { answer }) => requirements.show(answer),
  () => {},
);

const migration = new MigrateView({
  goTo: (from, to) => editor.goTo(from, to),
  apply: (migrated, edits) => editor.apply(migrated, edits),
  notify,
});

const readMigration = new Latest(
  (pipeline: string) => engine.ask("migrate", pipeline, requirements.defined),
  (pipeline, { answer }) => migration.show(pipeline, answer),
  () => {},
);

const readOutline = new Latest(
  (pipeline: string) => engine.ask("outline", pipeline),
  (pipeline, { answer }) => {
    outlined = pipeline;
    pipelines.show(answer);
    trust.outline(pipeline, answer);
    setup.outline(answer);
  },
  () => {},
);

/** The text of the outline in the views. */
let outlined: string | undefined;

/** Updates the views that show the outline. */
function updateOutline(): void {
  if (outlined !== editor.text) void readOutline.update(editor.text);
}

const tabs = new Tabs(byId("tabs"), byId("views"), [
  { id: "problems", title: text.views.problems, panel: problems.panel },
  {
    id: "requirements",
    title: text.views.requirements,
    panel: requirements.panel,
    shown: () => void readRequirements.update(editor.text),
  },
  {
    id: "migrate",
    title: text.views.migrate,
    panel: migration.panel,
    shown: () => void readMigration.update(editor.text),
  },
  { id: "pipeline", title: text.views.pipeline, panel: pipelines.panel, shown: updateOutline },
  {
    id: "trust",
    title: text.views.trust,
    panel: trust.panel,
    shown() {
      updateOutline();
      trust.simulate();
    },
  },
  { id: "token", title: text.views.token, panel: token.panel },
  { id: "setup", title: text.views.setup, panel: setup.panel, shown: updateOutline },
]);

const lint = new Latest(
  (pipeline: string) => engine.ask("lint", pipeline, file.name, requirements.defined),
  (pipeline, { answer, milliseconds, isComplete }) => {
    editor.show(pipeline, answer.findings);
    problems.show(answer.findings, pipeline.trim() === "");
    tabs.count("problems", answer.findings.length);
    if (["pipeline", "trust", "setup"].includes(tabs.current)) updateOutline();
    if (tabs.current === "requirements") void readRequirements.update(pipeline);
    if (tabs.current === "migrate") void readMigration.update(pipeline);
    const counted = counts(answer.findings);
    if (!isComplete) {
      if (!incomplete) showStatus("checking", text.status.partly(counted));
      return;
    }
    showStatus("checked", text.status.checked(counted, milliseconds));
    document.title = text.title(counted);
    announce(counted);
  },
  () => showStatus("failed", text.status.failed),
);

function showStatus(state: "checking" | "checked" | "failed", message: string): void {
  status.textContent = message;
  status.dataset.state = state;
}

let announcing: ReturnType<typeof setTimeout> | undefined;

/** Announces the result to screen readers once typing pauses. */
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

/** Shows a message for a few seconds. */
function notify(message: string): void {
  notice.textContent = message;
  setTimeout(() => notice.textContent === message && notice.replaceChildren(), 8_000);
}

function edit(pipeline: string, name: string, crlf: boolean): void {
  file = { name, crlf };
  byId("file-name").textContent = name;
  editor.text = pipeline;
}

async function openFile(chosen: File): Promise<void> {
  const opened = await files.open(chosen);
  if (typeof opened === "string") notify(text.refusals[opened](chosen.name));
  else show(opened);
}

function show({ text: pipeline, name, crlf }: files.OpenedFile): void {
  edit(pipeline, name || text.FILE_NAME, crlf);
  notify(text.notices.opened(name || text.FILE_NAME));
}

/** Opens the pipeline in the address, and returns whether there is one. */
async function openLink(): Promise<boolean> {
  const shared = await share.read(location.hash);
  if (shared === "damaged") notify(text.notices.damaged);
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
    notify(text.notices.shared(location.href.length));
  } catch {
    notify(text.notices.notCopied);
  }
};
files.acceptDrops(document.body, (chosen) => void openFile(chosen));
menus.gallery(byId("gallery"), ({ pipeline }) => edit(pipeline, text.FILE_NAME, false));
menus.opening(byId("opening"), () => files.choose((chosen) => void openFile(chosen)), show);
menus.keys(byId("keys"));
menus.positionMenus();
addEventListener("hashchange", () => void openLink());

if (!(await openLink())) editor.text = draft.read() ?? EXAMPLES[0].pipeline;

void keepOffline((change) => {
  notice.replaceChildren(
    text.notices.update,
    " ",
    element("button", { type: "button", textContent: text.notices.reload, onclick: change }),
  );
});
