// What the extension does without an editor: it finds the command, and checks pipelines by itself.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";

import { check, isPipeline, load } from "../.build/checker.mjs";
import { find } from "../.build/command.mjs";

describe("the command", () => {
  let folder;
  const place = (name, mode = 0o755) => {
    mkdirSync(join(folder, name), { recursive: true });
    const file = join(folder, name, "keyless");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, mode);
    return file;
  };
  const from = (changes) => find({ configured: "", extension: join(folder, "extension"), path: "", platform: "linux", ...changes });
  before(() => (folder = mkdtempSync(join(tmpdir(), "keyless-"))));
  after(() => rmSync(folder, { recursive: true }));

  it("is the configured one, and nothing else if that does not run", () => {
    const installed = place("installed");
    assert.deepEqual(from({ configured: installed }), { command: installed });
    const path = join(folder, "installed");
    assert.match(from({ configured: join(folder, "nowhere"), path }).problem, /keyless\.path is .*nowhere, which cannot be run/);
    assert.match(from({ configured: folder, path }).problem, /cannot be run/);
  });

  it("is otherwise in the extension, or on the PATH", () => {
    assert.match(from({}).problem, /no `keyless`/);
    const installed = place("installed");
    place("broken", 0o644);
    const path = ["", join(folder, "broken"), join(folder, "installed")].join(delimiter);
    assert.deepEqual(from({ path }), { command: installed });
    const bundled = place("extension/dist/bin");
    assert.deepEqual(from({ path }), { command: bundled });
  });
});

describe("a check without the command", () => {
  before(() => load(new URL("../dist/keyless.wasm", import.meta.url)));

  it("finds what the command finds, at the places of the editor", () => {
    const text = "pipelines:\r\n  default:\r\n    - step: {name: '🚀', odic: true, script: [make]}\r\n";
    const found = check(text).find(({ rule }) => rule === "misspelled-oidc");
    assert.equal(found.severity, "error");
    assert.match(found.message, /unknown step key `odic`\nhelp: did you mean `oidc`\?/);
    const character = text.split("\r\n")[2].indexOf("odic");
    assert.deepEqual([found.start, found.end], [{ line: 2, character }, { line: 2, character: character + 4 }]);
  });

  it("is silent about a pipeline without mistakes, and asked about pipelines only", () => {
    assert.deepEqual(check("image: node:22.12\npipelines:\n  default:\n    - step:\n        script: [make]\n"), []);
    for (const [path, expected] of [["/r/bitbucket-pipelines.yml", true], ["C:\\r\\bitbucket-pipelines.yaml", true], ["/r/docker-compose.yml", false]]) {
      assert.equal(isPipeline(path), expected, path);
    }
  });
});
