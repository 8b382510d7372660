// The AWS emulator that the end-to-end tests use too (tests/install.sh), on a free port of the loopback interface.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { eventually } from "./browser.mjs";

const PROGRAM = fileURLToPath(new URL("../../.tools/aws/bin/ministack", import.meta.url));

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Starts one and waits until it answers. */
export async function startEmulator() {
  if (!existsSync(PROGRAM)) throw new Error("the AWS emulator is not installed: run tests/install.sh");
  const folder = mkdtempSync(join(tmpdir(), "keyless-emulator-"));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder, BIND_HOST: "127.0.0.1", GATEWAY_PORT: String(port) };
  const emulator = spawn(PROGRAM, { env, cwd: folder, stdio: "ignore" });
  const ended = new Promise((resolve) => emulator.on("exit", resolve));
  await eventually(async () => {
    if (!(await fetch(`${address}/_ministack/health`)).ok) throw new Error("the emulator is not up");
  }, 60_000);
  return {
    /** Calls an action of the query protocol and returns its XML. The emulator only reads the access key. */
    async query(service, action, parameters) {
      const authorization = `AWS4-HMAC-SHA256 Credential=test/20200101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=none`;
      const version = service === "iam" ? "2010-05-08" : "2010-05-15";
      const body = new URLSearchParams({ Action: action, Version: version, ...parameters });
      const response = await fetch(address, { method: "POST", headers: { authorization }, body });
      const answer = await response.text();
      if (!response.ok) throw new Error(`${action}: ${response.status} ${answer}`);
      return answer;
    },
    async close() {
      emulator.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
