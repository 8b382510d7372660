// The views other than Problems: requirements, pipeline, trust policy, token, setup.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";
import { AUDIENCE, ENVIRONMENT, ISSUER, REPOSITORY, SIGNATURE, STEP, WORKSPACE, token } from "./claims.mjs";

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

  it("lists the variables to set in Bitbucket, and marks them as defined", async () => {
    const visit = await open("Requirements");
    await visit.paste("pipelines:\n  default:\n    - step:\n        name: Notify\n        script:\n          - curl $HOOK_URL $CHANNEL\n");
    const row = visit.page.locator("#view-requirements tr", { hasText: "HOOK_URL" });
    await eventually(async () => assert.match(await row.innerText(), /Notify/));
    await visit.page.getByLabel("HOOK_URL").check();
    await eventually(async () => assert.equal(await row.getAttribute("class"), "declared"));
    assert.equal(await visit.page.locator("#view-requirements tr.missing").count(), 1);
    await visit.page.getByRole("button", { name: "Copy as Markdown" }).click();
    const copied = await visit.page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /\| .*HOOK_URL/);
    await visit.close();
  });

  it("lists the uses of stored keys, and applies their edits", async () => {
    const visit = await open("Migrate");
    await visit.paste(
      "image: amazon/aws-cli:2.17.42\npipelines:\n  default:\n    - step:\n        name: List\n        script:\n          - export AWS_ACCESS_KEY_ID=$KEY\n          - export AWS_SECRET_ACCESS_KEY=$SECRET\n          - aws s3 ls\n    - step:\n        name: Build\n        script:\n          - docker build --build-arg AWS_ACCESS_KEY_ID=$KEY .\n",
    );
    const uses = visit.page.locator("#view-migrate .uses li");
    await eventually(async () => assert.deepEqual(await uses.evaluateAll((items) => items.map((item) => item.className)), ["safe", "manual"]));
    assert.match(await uses.first().locator("ins").first().innerText(), /oidc: true/);
    await visit.page.getByRole("button", { name: "Apply 1 safe" }).click();
    await eventually(async () => assert.equal(await uses.count(), 1));
    await visit.close();
  });

  it("shows what runs when, follows the editor and links to it", async () => {
    const visit = await open("Pipeline");
    const steps = visit.page.locator("#view-pipeline .step strong");
    await eventually(async () =>
      assert.deepEqual(await steps.allInnerTexts(), ["Build and test", "Build and test", "Deploy to staging", "Deploy to production"]),
    );
    const production = visit.page.locator(".step", { hasText: "Deploy to production" });
    assert.deepEqual(await production.locator(".mark").allInnerTexts(), ["production", "manual", "OIDC token"]);
    assert.match(await production.innerText(), /role\/CDKDeploymentRole/);
    await production.click();
    await eventually(async () => assert.match(await visit.page.locator(".cm-activeLine").first().innerText(), /- step:/));
    await visit.paste("pipelines:\n  tags:\n    'v*':\n      - step: {name: Release, script: [make]}\n");
    await eventually(async () => assert.deepEqual(await steps.allInnerTexts(), ["Release"]));
    assert.match(await visit.page.locator("#view-pipeline h3").innerText(), /Tag v\*/);
    await visit.close();
  });

  it("simulates a trust policy for a step of the file, and shows the tree", async () => {
    const visit = await open("Trust policy");
    const panel = visit.page.locator("#view-trust");
    const verdict = panel.locator(".verdict h3");
    const says = (words) => eventually(async () => assert.equal(await verdict.innerText(), words));
    const parts = (name) => panel.locator(".tree li", { hasText: name }).last();
    // The step that deploys with a token is chosen; its repository is still unknown.
    const chosen = panel.getByLabel("Step").locator("option:checked");
    await eventually(async () => assert.equal(await chosen.innerText(), "Deploy to production · production"));
    await says("Undetermined");
    await panel.getByLabel("Workspace", { exact: true }).fill("acme");
    await panel.getByLabel("Workspace UUID").fill(WORKSPACE);
    await panel.getByLabel("Repository UUID").fill(REPOSITORY);
    await panel.getByLabel("UUID of production").fill(ENVIRONMENT);
    await says("Allowed");
    assert.equal(await panel.locator(".tree details[open]").count(), 0, "matching parts are collapsed");
    await panel.getByLabel("UUID of production").fill(STEP);
    await says("Denied");
    const subject = parts("StringLike");
    assert.equal(await subject.getAttribute("class"), "no");
    const told = await subject.innerText();
    for (const part of [`{${ENVIRONMENT.slice(1, -1)}}:*`, `${REPOSITORY}:${STEP}:`, "another deployment environment"]) {
      assert.ok(told.replaceAll("\n", "").includes(part), `${part} is missing from ${told}`);
    }
    // A step without a token gets a warning, and the verdict that it would get with one.
    await panel.getByLabel("Step").selectOption({ label: "Deploy to staging" });
    await eventually(async () => assert.match(await panel.locator(".problem.warning").innerText(), /gets no token because it does not set oidc: true/));
    await says("Denied");
    // The list of steps follows the editor.
    await visit.paste("pipelines:\n  default:\n    - step: {name: Ship, deployment: production, oidc: true, script: [make]}\n");
    await eventually(async () => assert.equal(await chosen.innerText(), "Ship · production"));
    await says("Denied");
    await panel.getByLabel("UUID of production").fill(ENVIRONMENT);
    await says("Allowed");
    await visit.close();
  });

  it("simulates a trust policy for claims and a source IP address", async () => {
    const visit = await open("Trust policy");
    const panel = visit.page.locator("#view-trust");
    const verdict = panel.locator(".verdict h3");
    const says = (words) => eventually(async () => assert.equal(await verdict.innerText(), words));
    await panel.getByLabel("Step").selectOption({ label: "Claims of a token" });
    await panel.getByLabel("Issuer").fill(ISSUER);
    await panel.getByLabel("Audience").fill(AUDIENCE);
    await panel.getByLabel("Subject").fill(`${REPOSITORY}:${ENVIRONMENT}:${STEP}`);
    await says("Allowed");
    const policy = panel.getByLabel("Trust policy or template");
    const bound = JSON.parse(await policy.inputValue());
    bound.Statement[0].Condition.IpAddress = { "aws:SourceIp": ["203.0.113.0/24"] };
    await policy.fill(JSON.stringify(bound));
    await says("Undetermined");
    await panel.getByLabel("Source IP address").fill("203.0.113.7");
    await says("Allowed");
    await panel.getByLabel("Source IP address").fill("198.51.100.7");
    await says("Denied");
    await policy.fill('{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}');
    await eventually(async () => assert.ok((await panel.locator(".problems li").count()) > 0));
    await policy.fill("{");
    await eventually(async () => assert.equal(await verdict.count(), 0));
    assert.equal(await panel.locator(".problems li").count(), 1);
    await visit.close();
  });

  it("decodes a token, does not save it, and simulates a policy with it", async () => {
    const visit = await open("Token");
    const field = visit.page.locator("#view-token textarea");
    await field.fill(token({}));
    await eventually(async () => assert.match(await visit.page.locator("#view-token .claims").innerText(), /Expired for/));
    const claims = await visit.page.locator("#view-token .claims").innerText();
    for (const part of [REPOSITORY, ENVIRONMENT, STEP, ISSUER]) assert.ok(claims.includes(part), part);
    await visit.page.getByRole("button", { name: "Simulate with a trust policy" }).click();
    await eventually(async () => assert.equal(await visit.page.locator("#view-trust .verdict h3").innerText(), "Allowed"));
    assert.equal(await visit.page.locator("#view-trust").getByLabel("Subject").inputValue(), `${REPOSITORY}:${ENVIRONMENT}:${STEP}`);
    await visit.page.waitForTimeout(500);
    const kept = await visit.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, location.href]));
    assert.ok(!kept.includes(SIGNATURE), "the token is kept");
    await visit.page.getByRole("tab", { name: "Token" }).click();
    await field.fill("nothing.like it");
    await eventually(async () => assert.ok((await visit.page.locator("#view-token .problem.error").count()) === 1));
    await visit.close();
  });

  const fillSetup = async (panel) => {
    await panel.getByLabel("Workspace", { exact: true }).fill("acme");
    await panel.getByLabel("Workspace UUID").fill(WORKSPACE);
    await panel.getByLabel("Repository", { exact: true }).fill("web");
    await panel.getByLabel("Repository UUID").fill(REPOSITORY);
    await panel.getByLabel("UUID of production").fill(ENVIRONMENT);
  };

  it("generates every format for the environments of the file, and says what is missing", async () => {
    const visit = await open("Set up AWS");
    const panel = visit.page.locator("#view-setup");
    const file = panel.locator("[data-part=file] pre");
    await panel.getByRole("button", { name: "Generate" }).click();
    await panel.locator(".problem.error").waitFor();
    await fillSetup(panel);
    await panel.getByRole("button", { name: "Generate" }).click();
    await file.waitFor();
    // The answer follows the form.
    for (const [format, sign, command] of [
      ["cloudformation-json", '"AWSTemplateFormatVersion"', "aws cloudformation deploy"],
      ["cloudformation", "AWSTemplateFormatVersion: '2010-09-09'", "--template-file access.yaml"],
      ["cdk", "aws-cdk-lib", "npx cdk deploy"],
      ["terraform", 'resource "aws_iam_role"', "terraform apply"],
      ["commands", "aws iam create-role", "sh access.sh"],
    ]) {
      await panel.getByLabel("Format").selectOption(format);
      await eventually(async () => assert.ok((await file.innerText()).includes(sign), format));
      assert.ok((await panel.locator("[data-part=deploy] pre").innerText()).includes(command), format);
    }
    await panel.getByRole("button", { name: "Copy: access.sh" }).click();
    const copied = await visit.page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.includes(ENVIRONMENT));
    const downloading = visit.page.waitForEvent("download");
    await panel.getByRole("button", { name: "Download" }).click();
    const download = await downloading;
    assert.equal(download.suggestedFilename(), "access.sh");
    assert.equal(readFileSync(await download.path(), "utf8"), copied);
    // The checker finds no problems in the generated steps.
    await panel.getByRole("button", { name: "Copy: In bitbucket-pipelines.yml" }).click();
    const steps = await visit.page.evaluate(() => navigator.clipboard.readText());
    assert.match(steps, /deployment: production/);
    await visit.paste(`pipelines:\n  branches:\n    main:\n${steps.trimEnd().replaceAll(/^/gm, "    ")}\n`);
    await eventually(async () => assert.match(await visit.page.locator("#view-problems").textContent(), /No problems/));
    await visit.close();
  });

  it("has the options of keyless setup: source IP addresses, session, more roles", async () => {
    const visit = await open("Set up AWS");
    const panel = visit.page.locator("#view-setup");
    const file = panel.locator("[data-part=file] pre");
    const has = (sign) => eventually(async () => assert.ok((await file.innerText()).includes(sign), sign));
    await fillSetup(panel);
    await panel.getByLabel("Environment name").fill("staging");
    await visit.page.keyboard.press("Enter");
    await panel.getByLabel("UUID of staging").fill(STEP);
    await panel.getByRole("button", { name: "Generate" }).click();
    await has(`${REPOSITORY}:${STEP}:*`);
    await panel.getByText("Source IP addresses and other options").click();
    await panel.getByLabel("Allowed source IP addresses").selectOption("bitbucket");
    await has("34.199.54.113/32");
    await eventually(async () => assert.match(await panel.locator("[data-part=steps] pre").innerText(), /atlassian-ip-ranges: true/));
    await panel.getByLabel("Allowed source IP addresses").selectOption("listed");
    await panel.getByLabel("Addresses", { exact: true }).fill("203.0.113.0/25\n203.0.113.128/25\n");
    await has('"203.0.113.0/24"');
    await panel.getByLabel("Restrict the role session too").check();
    await panel.getByLabel("Add a read-only role").check();
    await panel.getByLabel("Maximum session duration (hours)").fill("2");
    await panel.getByLabel("Role name prefix").fill("ci");
    await has('"MaxSessionDuration": 7200');
    await has('"RoleName": "ci-web-read-only"');
    await panel.getByLabel("Role of staging").selectOption("read-only");
    await has('"RoleName": "ci-web-staging-read-only"');
    await panel.getByLabel("Role path").fill("/ci/");
    await has('"Path": "/ci/"');
    await panel.getByLabel("Permissions boundary").fill("arn:aws:iam::123456789012:policy/boundary");
    await has('"PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary"');
    await panel.getByLabel("Other accounts to deploy to").fill("111111111111 222222222222");
    await has("iam::222222222222:role/cdk-");
    await panel.getByLabel("Image of the deploy pipe").fill("registry.acme.dev/keyless-pipe:1");
    await eventually(async () => assert.match(await panel.locator("[data-part=steps] pre").innerText(), /docker:\/\/registry\.acme\.dev\/keyless-pipe:1/));
    await panel.getByLabel("The account already has the identity provider").check();
    await eventually(async () => assert.ok(!(await file.innerText()).includes("AWS::IAM::OIDCProvider")));
    await panel.getByLabel("Maximum session duration (hours)").fill("13");
    await eventually(async () => assert.match(await panel.locator(".problem.error").innerText(), /session duration must be between .* found 46800/));
    await visit.close();
  });

  it("simulates the policies that it generated", async () => {
    const visit = await open("Set up AWS");
    const panel = visit.page.locator("#view-setup");
    await fillSetup(panel);
    await panel.getByRole("button", { name: "Generate" }).click();
    await panel.getByRole("button", { name: "Simulate its trust policies" }).click();
    await eventually(async () => assert.match(await visit.page.locator("#view-trust .verdict h3").innerText(), /^Allowed WebProductionRole$/));
    await visit.close();
  });
});
