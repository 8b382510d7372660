// keyless in VS Code: starts the language server, or checks pipelines by itself where none runs.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";

import { check, isPipeline, load } from "./checker.ts";
import { find } from "./command.ts";

const FILES = [
  { language: "yaml", scheme: "file" },
  { language: "json", scheme: "file" },
  { language: "terraform", scheme: "file" },
];
const SEVERITIES = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  hint: vscode.DiagnosticSeverity.Information,
};
const FIX_ALL = "source.fixAll.keyless";

/** What runs at the moment. */
interface Running {
  command?: string;
  client?: LanguageClient;
  stop(): Promise<void>;
}

let running: Running | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const restart = async () => {
    await running?.stop();
    running = await start(context);
  };
  context.subscriptions.push(
    vscode.commands.registerCommand("keyless.restart", restart),
    vscode.commands.registerCommand("keyless.fixAll", fixAll),
    vscode.commands.registerCommand("keyless.explainRule", explainRule),
    vscode.commands.registerCommand("keyless.showMergedStep", showMergedStep),
    vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("keyless.path") && restart()),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}

async function start(context: vscode.ExtensionContext): Promise<Running> {
  const configured = vscode.workspace.getConfiguration("keyless").get("path", "");
  const found = find({ configured, extension: context.extensionPath, path: process.env["PATH"] ?? "", platform: process.platform });
  if ("command" in found) {
    const server = { command: found.command, args: ["lsp"] };
    const client = new LanguageClient("keyless", "keyless", server, { documentSelector: FILES });
    try {
      await client.start();
      return { command: found.command, client, stop: () => client.stop() };
    } catch (error) {
      void vscode.window.showWarningMessage(`keyless: ${found.command} does not serve editors (${String(error)}); pipelines are checked without it`);
    }
  } else if (configured !== "") {
    void vscode.window.showWarningMessage(`keyless: ${found.problem}; pipelines are checked without it`);
  }
  return checkAlone(context);
}

/** Findings alone: no fixes, no settings, no trust policies. */
function checkAlone(context: vscode.ExtensionContext): Running {
  load(join(context.extensionPath, "dist", "keyless.wasm"));
  const shown = vscode.languages.createDiagnosticCollection("keyless");
  const update = (document: vscode.TextDocument) => {
    if (!isPipeline(document.fileName)) return;
    const findings = check(document.getText()).map(({ rule, severity, message, start, end }) => {
      const range = new vscode.Range(start.line, start.character, end.line, end.character);
      const diagnostic = new vscode.Diagnostic(range, message, SEVERITIES[severity]);
      diagnostic.source = "keyless";
      diagnostic.code = rule;
      return diagnostic;
    });
    shown.set(document.uri, findings);
  };
  const events = [
    vscode.workspace.onDidOpenTextDocument(update),
    vscode.workspace.onDidChangeTextDocument(({ document }) => update(document)),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => shown.delete(uri)),
  ];
  vscode.workspace.textDocuments.forEach(update);
  return {
    async stop() {
      events.forEach((event) => event.dispose());
      shown.dispose();
    },
  };
}

async function fixAll(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined) return;
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>("vscode.executeCodeActionProvider", document.uri, whole, FIX_ALL);
  const edit = actions.find((action) => action.kind?.value === FIX_ALL)?.edit;
  if (edit === undefined) void vscode.window.showInformationMessage("keyless: there is nothing to fix safely");
  else await vscode.workspace.applyEdit(edit);
}

/** Shows the documentation of the rule whose finding is at the cursor. */
async function explainRule(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return;
  const here = vscode.languages
    .getDiagnostics(editor.document.uri)
    .find(({ source, range }) => source === "keyless" && range.contains(editor.selection.active));
  const code = here?.code;
  const rule = typeof code === "object" ? code.value : code;
  if (rule === undefined) {
    void vscode.window.showInformationMessage("keyless: put the cursor into a finding");
  } else if (running?.command !== undefined) {
    const { stdout } = await promisify(execFile)(running.command, ["explain", String(rule), "--color", "never"]);
    const page = await vscode.workspace.openTextDocument({ content: stdout, language: "markdown" });
    await vscode.window.showTextDocument(page, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  } else {
    void vscode.window.showInformationMessage(`keyless: the documentation of ${rule} needs the keyless command`);
  }
}

/** Shows the step at the cursor as Bitbucket reads it: without aliases and merge keys. */
async function showMergedStep(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) return;
  if (running?.client === undefined) {
    void vscode.window.showInformationMessage("keyless: merging a step needs the keyless command");
    return;
  }
  const { line, character } = editor.selection.active;
  const asked = { textDocument: { uri: editor.document.uri.toString() }, position: { line, character } };
  const step = await running.client.sendRequest<{ name: string; text: string } | null>("keyless/mergedStep", asked);
  if (step === null) {
    void vscode.window.showInformationMessage("keyless: put the cursor into a step, or on an alias of one");
    return;
  }
  const page = await vscode.workspace.openTextDocument({ content: step.text, language: "yaml" });
  await vscode.window.showTextDocument(page, { preview: true, viewColumn: vscode.ViewColumn.Beside });
}
