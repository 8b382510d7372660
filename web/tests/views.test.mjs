// The views beside the findings: picture, trust policy, token, set-up.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";

const ISSUER = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
const REPOSITORY = "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}";
const ENVIRONMENT = "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}";
const STEP = "{11111111-2222-4333-8444-555555555555}";

/** A token in Bitbucket's form; nothing here judges its signature. */
function token(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: ISSUER,
    aud: "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1",
    sub: `${REPOSITORY}:${ENVIRONMENT}:${STEP}`,
    iat: now - 4000,
    exp: now - 400,
    ...claims,
  };
  return `${part({ alg: "RS256", typ: "JWT", kid: "k" })}.${part(payload)}.${Buffer.from("no signature").toString("base64url")}`;
}

describe("the other views", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  const open = async (name) => {
    const visit = await keyless.visit({ context: { permissions: ["clipboard-read", "clipboard-write"] } });
    await visit.page.getByRole("tab", { name }).click();
    return visit;
  };

  it("shows one view at a time", async () => {
    const visit = await keyless.visit();
    for (const tab of await visit.page.getByRole("tab").all()) {
      await tab.click();
      const shown = await visit.page.locator("[role=tabpanel]").evaluateAll((panels) => panels.filter((panel) => panel.checkVisibility()).map(({ id }) => id));
      assert.deepEqual(shown, [await tab.getAttribute("aria-controls")]);
    }
    await visit.close();
  });

  it("keeps long lines inside the editor", async () => {
    const visit = await keyless.visit();
    await visit.paste(`# ${"long ".repeat(200)}\n`);
    await visit.checked();
    const [sheet, editor] = await visit.page.evaluate(() => ["file", "editor"].map((id) => document.getElementById(id).getBoundingClientRect().right));
    assert.ok(editor <= sheet, `the editor ends at ${editor}, its sheet at ${sheet}`);
    await visit.close();
  });

  it("lists what Bitbucket's settings must define, and takes a tick for it", async () => {
    const visit = await open("Needs");
    await visit.paste("pipelines:\n  default:\n    - step:\n        name: Notify\n        script:\n          - curl $HOOK_URL $CHANNEL\n");
    const row = visit.page.locator("#view-needs tr", { hasText: "HOOK_URL" });
    await eventually(async () => assert.match(await row.innerText(), /Notify/));
    await visit.page.getByLabel("HOOK_URL").check();
    await eventually(async () => assert.equal(await row.getAttribute("class"), "declared"));
    assert.equal(await visit.page.locator("#view-needs tr.missing").count(), 1);
    await visit.page.getByRole("button", { name: "Copy as Markdown" }).click();
    const copied = await visit.page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /\| .*HOOK_URL/);
    await visit.close();
  });

  it("draws what runs when, follows the editor and leads back to it", async () => {
    const visit = await open("Picture");
    const steps = visit.page.locator("#view-picture .step strong");
    await eventually(async () =>
      assert.deepEqual(await steps.allInnerTexts(), ["Build and test", "Build and test", "Deploy to staging", "Deploy to production"]),
    );
    const production = visit.page.locator(".step", { hasText: "Deploy to production" });
    assert.deepEqual(await production.locator(".mark").allInnerTexts(), ["production", "waits for a click", "token"]);
    assert.match(await production.innerText(), /role\/CDKDeploymentRole/);
    await production.click();
    await eventually(async () => assert.match(await visit.page.locator(".cm-activeLine").first().innerText(), /- step:/));
    await visit.paste("pipelines:\n  tags:\n    'v*':\n      - step: {name: Release, script: [make]}\n");
    await eventually(async () => assert.deepEqual(await steps.allInnerTexts(), ["Release"]));
    assert.match(await visit.page.locator("#view-picture h3").innerText(), /Tag v\*/);
    await visit.close();
  });

  it("judges a trust policy by who asks, and shows the tree", async () => {
    const visit = await open("Trust policy");
    const verdict = visit.page.locator("#view-trust .verdict h3");
    await eventually(async () => assert.equal(await verdict.innerText(), "Allowed"));
    await visit.page.getByLabel("Subject").fill(`{00000000-0000-4000-8000-000000000000}:${STEP}`);
    await eventually(async () => assert.equal(await verdict.innerText(), "Denied"));
    assert.match(await visit.page.locator("#view-trust .verdict pre").innerText(), /StringLike/);
    await visit.page.getByLabel("Subject").fill("");
    await eventually(async () => assert.equal(await verdict.innerText(), "It depends"));
    const policy = visit.page.getByLabel("Trust policy", { exact: true }).locator("visible=true").last();
    await policy.fill('{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}');
    await eventually(async () => assert.ok((await visit.page.locator("#view-trust .problems li").count()) > 0));
    await policy.fill("{");
    await eventually(async () => assert.equal(await verdict.count(), 0));
    assert.equal(await visit.page.locator("#view-trust .problems li").count(), 1);
    await visit.close();
  });

  it("reads a token, keeps it nowhere, and asks a policy about it", async () => {
    const visit = await open("Token");
    const field = visit.page.locator("#view-token textarea");
    await field.fill(token({}));
    await eventually(async () => assert.match(await visit.page.locator("#view-token .claims").innerText(), /Expired since/));
    const claims = await visit.page.locator("#view-token .claims").innerText();
    for (const part of [REPOSITORY, ENVIRONMENT, STEP, ISSUER]) assert.ok(claims.includes(part), part);
    await visit.page.getByRole("button", { name: "Ask a trust policy" }).click();
    await eventually(async () => assert.equal(await visit.page.locator("#view-trust .verdict h3").innerText(), "Allowed"));
    await visit.page.waitForTimeout(500);
    const kept = await visit.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, location.href]));
    assert.ok(!kept.includes("bm8gc2lnbmF0dXJl"), "the token is kept");
    await visit.page.getByRole("tab", { name: "Token" }).click();
    await field.fill("nothing.like it");
    await eventually(async () => assert.ok((await visit.page.locator("#view-token .problem.error").count()) === 1));
    await visit.close();
  });

  it("writes the AWS side in every format, and says what is missing", async () => {
    const visit = await open("Set up AWS");
    const panel = visit.page.locator("#view-setup");
    const write = () => panel.getByRole("button", { name: "Write it" }).click();
    await write();
    await panel.locator(".problem.error").waitFor();
    await panel.getByLabel("Workspace", { exact: true }).fill("acme");
    await panel.getByLabel("Workspace UUID").fill("{6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1}");
    await panel.getByLabel("Repository", { exact: true }).fill("web");
    await panel.getByLabel("Repository UUID").fill(REPOSITORY);
    await panel.getByLabel("Deployment environments").fill(`production ${ENVIRONMENT}`);
    for (const [format, sign] of [
      ["cloudformation", '"AWSTemplateFormatVersion"'],
      ["cdk", "aws-cdk-lib"],
      ["terraform", 'resource "aws_iam_role"'],
      ["commands", "aws iam create-role"],
    ]) {
      await panel.getByLabel("Write as").selectOption(format);
      await write();
      await eventually(async () => assert.ok((await panel.locator("pre").first().innerText()).includes(sign), format));
    }
    await panel.getByRole("button", { name: "Copy" }).click();
    const copied = await visit.page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.includes(ENVIRONMENT));
    const downloading = visit.page.waitForEvent("download");
    await panel.getByRole("button", { name: "Download" }).click();
    assert.equal(readFileSync(await (await downloading).path(), "utf8"), copied);
    await visit.close();
  });
});
