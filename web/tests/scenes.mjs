// How to reach every view of the site, for screenshots.mjs and access.test.mjs.

import { ENVIRONMENT, REPOSITORY, WORKSPACE, token } from "./claims.mjs";

export const SCREENS = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};

const CLEAN = "image: node:22\n\npipelines:\n  default:\n    - step:\n        name: Test\n        max-time: 10\n        script:\n          - npm ci\n          - npm test\n";

const REQUIREMENTS = `image: node:22

pipelines:
  branches:
    main:
      - step:
          name: Build
          script:
            - npm ci
            - npm publish --registry $NPM_REGISTRY
      - step:
          name: Deploy
          deployment: production
          oidc: true
          script:
            - export AWS_WEB_IDENTITY_TOKEN_FILE=/tmp/token
            - echo $BITBUCKET_STEP_OIDC_TOKEN > /tmp/token
            - npx cdk deploy --require-approval never -c account=$CDK_ACCOUNT
            - curl -d deployed $SLACK_WEBHOOK
`;

const STORED_KEYS = `image: amazon/aws-cli:2.17.42

pipelines:
  branches:
    main:
      - step:
          name: Upload
          deployment: production
          script:
            - pipe: atlassian/aws-s3-deploy:2.0.1
              variables:
                AWS_ACCESS_KEY_ID: $AWS_ACCESS_KEY_ID
                AWS_SECRET_ACCESS_KEY: $AWS_SECRET_ACCESS_KEY
                AWS_DEFAULT_REGION: eu-west-1
                S3_BUCKET: site
                LOCAL_PATH: dist
      - step:
          name: Invalidate
          deployment: cdn
          script:
            - aws cloudfront create-invalidation --distribution-id $DISTRIBUTION --paths '/*'
`;

const tab = (page, name) => page.getByRole("tab", { name }).click();
const example = async (page, name) => {
  await page.getByRole("button", { name: "Examples" }).click();
  await page.locator("#gallery button", { hasText: name }).first().click();
};

/** Simulates the example policy, with this UUID of the step's environment. */
async function simulate({ page }, environment) {
  await tab(page, "Trust policy");
  const panel = page.locator("#view-trust");
  await panel.getByLabel("Workspace", { exact: true }).fill("acme");
  await panel.getByLabel("Workspace UUID").fill(WORKSPACE);
  await panel.getByLabel("Repository UUID").fill(REPOSITORY);
  await panel.getByLabel("UUID of production").fill(environment);
  await panel.locator(".verdict:not(.depends)").waitFor();
  await panel.locator(".verdict").scrollIntoViewIfNeeded();
}

/** The actions on a new visit, by the name of the view. */
export const SCENES = {
  problems: async () => {},
  "problems-clean": async ({ paste }) => paste(CLEAN),
  "problems-empty": async ({ paste }) => paste(" "),
  "problems-broken": async ({ paste }) => paste("pipelines:\n  default:\n    - step: {script: [make}\n"),
  "problems-rule": async ({ page }) => {
    await page.locator("[data-rule=misplaced-oidc] .rule").first().click();
    await page.locator("article").waitFor();
  },
  "editor-hover": async ({ page }) => {
    await page.locator(".cm-line", { hasText: "definitions:" }).locator("span").first().hover();
    await page.locator(".cm-tooltip .hover").waitFor();
  },
  "editor-squiggle": async ({ page }) => {
    await page.locator(".cm-lintRange").first().hover();
    await page.locator(".cm-tooltip .cm-diagnostic").first().waitFor();
  },
  "editor-completion": async ({ page, paste }) => {
    await paste("pipelines:\n  default:\n    - step:\n        script: [make]\n        ");
    await page.keyboard.press("Control+Space");
    await page.locator(".cm-tooltip.completion li").first().waitFor();
  },
  "editor-search": async ({ page }) => {
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Control+f");
    await page.keyboard.type("deploy");
  },
  gallery: ({ page }) => page.getByRole("button", { name: "Examples" }).click(),
  opening: async ({ page }) => {
    await page.getByRole("button", { name: "Open" }).click();
    await page.locator("#address").fill("https://bitbucket.org/acme/web/src/main/bitbucket-pipelines.yml");
  },
  keys: async ({ page }) => {
    const button = page.getByRole("button", { name: "Shortcuts" });
    if (await button.isVisible()) await button.click();
  },
  requirements: async ({ page, paste }) => {
    await paste(REQUIREMENTS);
    await tab(page, "Requirements");
    await page.locator("#view-requirements table").waitFor();
    await page.getByLabel("SLACK_WEBHOOK").check();
  },
  "requirements-empty": async ({ page, paste }) => {
    await paste(CLEAN);
    await tab(page, "Requirements");
  },
  migrate: async ({ page, paste }) => {
    await paste(STORED_KEYS);
    await tab(page, "Migrate");
    await page.locator("#view-migrate .uses li").first().waitFor();
  },
  "migrate-empty": async ({ page, paste }) => {
    await paste(CLEAN);
    await tab(page, "Migrate");
    await page.locator("#view-migrate .blank").waitFor();
  },
  pipeline: async ({ page }) => {
    await tab(page, "Pipeline");
    await page.locator("#view-pipeline .step").first().waitFor();
  },
  "pipeline-monorepo": async ({ page }) => {
    await example(page, "Stages and parallel");
    await tab(page, "Pipeline");
    await page.locator("#view-pipeline .step").first().waitFor();
  },
  "pipeline-empty": async ({ page, paste }) => {
    await paste("image: node:22\n");
    await tab(page, "Pipeline");
  },
  trust: async ({ page }) => {
    await tab(page, "Trust policy");
    await page.locator("#view-trust .verdict").first().waitFor();
  },
  "trust-allow": (visit) => simulate(visit, ENVIRONMENT),
  "trust-deny": (visit) => simulate(visit, REPOSITORY),
  "trust-broken": async ({ page }) => {
    await tab(page, "Trust policy");
    await page.locator("#view-trust textarea").first().fill('{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*"}]}');
    await page.locator("#view-trust .problems").waitFor();
  },
  token: ({ page }) => tab(page, "Token"),
  "token-read": async ({ page }) => {
    await tab(page, "Token");
    await page.locator("#view-token textarea").fill(token({}));
    await page.locator("#view-token .claims").waitFor();
  },
  "token-wrong": async ({ page }) => {
    await tab(page, "Token");
    await page.locator("#view-token textarea").fill("eyJhbGciOi.nonsense");
    await page.locator("#view-token .problem").waitFor();
  },
  setup: ({ page }) => tab(page, "Set up AWS"),
  "setup-written": async ({ page }) => {
    await tab(page, "Set up AWS");
    const panel = page.locator("#view-setup");
    await panel.getByLabel("Workspace", { exact: true }).fill("acme");
    await panel.getByLabel("Workspace UUID").fill(WORKSPACE);
    await panel.getByLabel("Repository", { exact: true }).fill("web");
    await panel.getByLabel("Repository UUID").fill(REPOSITORY);
    await panel.getByLabel("UUID of production").fill(ENVIRONMENT);
    await panel.getByRole("button", { name: "Generate" }).click();
    await panel.locator("pre").first().waitFor();
    await panel.locator(".answer").scrollIntoViewIfNeeded();
  },
  "setup-options": async ({ page }) => {
    await tab(page, "Set up AWS");
    const panel = page.locator("#view-setup");
    await panel.locator("summary").first().click();
    await panel.getByLabel("Allowed source IP addresses").selectOption("listed");
    await panel.getByRole("button", { name: "Generate" }).click();
    await panel.locator(".problem").waitFor();
  },
  "pages-rules": ({ page, address }) => page.goto(`${address}rules/index.html`),
  "pages-rule": ({ page, address }) => page.goto(`${address}rules/misplaced-oidc.html`),
  "pages-guides": ({ page, address }) => page.goto(`${address}docs/index.html`),
  "pages-language": ({ page, address }) => page.goto(`${address}docs/pipeline-language.html`),
  "pages-language-key": ({ page, address }) => page.goto(`${address}docs/pipeline-language.html#a-step.oidc`),
  "pages-aws": ({ page, address }) => page.goto(`${address}docs/aws.html`),
  "pages-pipe": ({ page, address }) => page.goto(`${address}docs/pipe.html`),
};
