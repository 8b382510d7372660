// Deploys what the setup form generates to the AWS emulator, which is not AWS. Its CloudFormation does not support identity
// providers, so the test creates the provider with a call and the form assumes that it exists. cfn-lint checks the template
// with a provider in tests/oracles.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";
import { AUDIENCE, ENVIRONMENT, ISSUER, REPOSITORY, WORKSPACE } from "./claims.mjs";
import { startEmulator } from "./emulator.mjs";

const ACCOUNT = "000000000000";

describe("the generated template", () => {
  let keyless;
  let aws;
  before(async () => {
    // The browser last: the tests would not end if it stayed open after the emulator failed to start.
    aws = await startEmulator();
    keyless = await start();
  });
  after(() => Promise.all([keyless?.close(), aws?.close()]));

  /** Fills the form and returns the downloaded template. */
  async function template() {
    const visit = await keyless.visit();
    await visit.page.getByRole("tab", { name: "Set up AWS" }).click();
    const panel = visit.page.locator("#view-setup");
    await panel.getByLabel("Workspace", { exact: true }).fill("acme");
    await panel.getByLabel("Workspace UUID").fill(WORKSPACE);
    await panel.getByLabel("Repository", { exact: true }).fill("web");
    await panel.getByLabel("Repository UUID").fill(REPOSITORY);
    await panel.getByLabel("UUID of production").fill(ENVIRONMENT);
    await panel.getByLabel("The account already has the identity provider").check();
    await panel.getByText("Source IP addresses and other options").click();
    await panel.getByLabel("Allowed source IP addresses").selectOption("listed");
    await panel.getByLabel("Addresses", { exact: true }).fill("203.0.113.0/24");
    await panel.getByRole("button", { name: "Generate" }).click();
    const downloading = visit.page.waitForEvent("download");
    await panel.getByRole("button", { name: "Download" }).click();
    const download = await downloading;
    assert.equal(download.suggestedFilename(), "access.json");
    const text = readFileSync(await download.path(), "utf8");
    await visit.close();
    return text;
  }

  it("creates the role with the trust policy and permissions of the form", async () => {
    const issuer = ISSUER.replace("https://", "");
    await aws.query("iam", "CreateOpenIDConnectProvider", { Url: ISSUER, "ClientIDList.member.1": AUDIENCE });
    const stack = { StackName: "bitbucket-access", TemplateBody: await template(), "Capabilities.member.1": "CAPABILITY_NAMED_IAM" };
    await aws.query("cloudformation", "CreateStack", stack);
    await eventually(async () => {
      const described = await aws.query("cloudformation", "DescribeStacks", { StackName: stack.StackName });
      assert.match(described, /<StackStatus>CREATE_COMPLETE<\/StackStatus>/);
    }, 30_000);

    const role = await aws.query("iam", "GetRole", { RoleName: "bitbucket-web-production" });
    assert.deepEqual(policy(role, "AssumeRolePolicyDocument"), {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/${issuer}` },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: { [`${issuer}:aud`]: AUDIENCE },
            StringLike: { [`${issuer}:sub`]: `${REPOSITORY}:${ENVIRONMENT}:*` },
            IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] },
          },
        },
      ],
    });
    const granted = await aws.query("iam", "GetRolePolicy", { RoleName: "bitbucket-web-production", PolicyName: "keyless" });
    const { Statement: statements } = policy(granted, "PolicyDocument");
    assert.deepEqual(statements.map(({ Effect, Action }) => [Effect, Action]), [["Allow", "sts:AssumeRole"]]);
    assert.ok([statements[0].Resource].flat().every((arn) => arn.startsWith(`arn:aws:iam::${ACCOUNT}:role/cdk-hnb659fds-`)));
  });
});

/** A policy from a response of IAM, where it is URL-encoded. */
function policy(xml, name) {
  const [, written] = new RegExp(`<${name}>([^<]*)<`).exec(xml);
  const text = written.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  return JSON.parse(text.startsWith("%") ? decodeURIComponent(text) : text);
}
