// Drives `keyless lsp` with the protocol library of VS Code: node session.mjs KEYLESS PIPELINE
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import protocol from "vscode-languageserver-protocol/node.js";

const [keyless, path] = process.argv.slice(2);
const server = spawn(keyless, ["lsp", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const ended = new Promise((resolve) => server.on("exit", resolve));
const connection = protocol.createProtocolConnection(
  new protocol.StreamMessageReader(server.stdout),
  new protocol.StreamMessageWriter(server.stdin),
);
connection.onError(([error]) => assert.fail(error));

/** Findings that came and those who wait for some. */
const came = new Map();
const waiting = [];
connection.onNotification(protocol.PublishDiagnosticsNotification.type, (found) => {
  came.set(found.version, found.diagnostics);
  for (const wake of waiting.splice(0)) wake();
});
connection.listen();
const findings = async (version) => {
  while (!came.has(version)) await new Promise((resolve) => waiting.push(resolve));
  return came.get(version).map(({ code }) => code);
};

const { capabilities, serverInfo } = await connection.sendRequest(protocol.InitializeRequest.type, {
  processId: process.pid,
  rootUri: null,
  workspaceFolders: null,
  capabilities: { textDocument: { publishDiagnostics: { relatedInformation: true, versionSupport: true } } },
});
assert.equal(serverInfo.name, "keyless");
assert.equal(capabilities.positionEncoding, protocol.PositionEncodingKind.UTF16);
assert.equal(capabilities.textDocumentSync.change, protocol.TextDocumentSyncKind.Incremental);
await connection.sendNotification(protocol.InitializedNotification.type, {});

const uri = pathToFileURL(path).href;
const textDocument = { uri };
const text = readFileSync(path, "utf8");
const open = { uri, languageId: "yaml", version: 1, text };
await connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, { textDocument: open });
assert.deepEqual(await findings(1), ["misspelled-oidc", "piped-download"]);

const position = { line: 6, character: 12 };
const hover = await connection.sendRequest(protocol.HoverRequest.type, { textDocument, position });
assert.match(hover.contents.value, /deployment/);
const range = { start: { line: 7, character: 10 }, end: { line: 7, character: 14 } };
const context = { diagnostics: [], only: [protocol.CodeActionKind.QuickFix] };
const actions = await connection.sendRequest(protocol.CodeActionRequest.type, { textDocument, range, context });
const [edit] = actions.find(({ isPreferred }) => isPreferred).edit.changes[uri];
assert.deepEqual(edit, { range, newText: "oidc" });
await connection.sendNotification(protocol.DidChangeTextDocumentNotification.type, {
  textDocument: { uri, version: 2 },
  contentChanges: [{ range: edit.range, text: edit.newText }],
});
assert.deepEqual(await findings(2), ["piped-download"]);
const symbols = await connection.sendRequest(protocol.DocumentSymbolRequest.type, { textDocument });
assert.equal(symbols[0].name, "branches: main");
await assert.rejects(connection.sendRequest("keyless/nonsense", {}), { code: protocol.ErrorCodes.MethodNotFound });

await connection.sendNotification(protocol.DidCloseTextDocumentNotification.type, { textDocument });
await findings(undefined);
await connection.sendRequest(protocol.ShutdownRequest.type);
await connection.sendNotification(protocol.ExitNotification.type);
assert.equal(await ended, 0);
console.log("all steps passed");
process.exit(0);
