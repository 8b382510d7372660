// Every string that the page itself shows. Messages of the linter come from crates/core.

import type { Refusal } from "./files";
import type {
  Holds,
  KeyForm,
  MigrationClass,
  OutlineGroupKind,
  SetupFormat,
  SetupProfile,
  Severity,
  TrustEffect,
  TrustVerdict,
  VariableLevel,
  VariableStatus,
} from "./protocol";
import type { Failure } from "./remote";

/** The build replaces {{name}} in index.html with these. */
export const page = {
  title: "keyless: check bitbucket-pipelines.yml",
  description: "Check Bitbucket Pipelines configuration as you type, in your browser. Nothing is uploaded.",
  name: "keyless",
  claim: "Check bitbucket-pipelines.yml as you type",
  documentation: "Documentation",
  rules: "Rules",
  language: "Reference",
  guides: "Guides",
  actions: "File",
  examples: "Examples",
  open: "Open",
  share: "Share",
  download: "Download",
  keys: "Shortcuts",
  side: "Results",
  checking: "Checking…",
  promise: "Runs entirely in this tab. Nothing you type or open is uploaded.",
  noScript: "keyless runs in your browser and needs JavaScript. Nothing is uploaded.",
} as const;

export const FILE_NAME = "bitbucket-pipelines.yml";

export const editor = {
  label: "Pipeline editor. Press Escape, then Tab, to leave it.",
};

/** The shortcuts of the editor; keys that are pressed together are separated by spaces. */
export const keys: readonly [pressed: string, about: string][] = [
  ["F8", "Next problem"],
  ["Shift F8", "Previous problem"],
  ["Ctrl .", "Apply the fix on this line"],
  ["Ctrl Space", "Show completions"],
  ["F12", "Go to the anchor of an alias, or to the uses of an anchor"],
  ["Ctrl F", "Find"],
  ["Ctrl Z", "Undo, including fixes"],
  ["Esc Tab", "Leave the editor"],
];

export const opening = {
  file: "Open a file…",
  fileAbout: "or drop one anywhere on this page",
  address: "Open from a URL",
  placeholder: "https://bitbucket.org/acme/web/src/main/bitbucket-pipelines.yml",
  idle: "The request is sent when you press Fetch, without cookies or credentials.",
  notAnAddress: "Enter a URL that starts with https:// and contains no credentials.",
  announce: ({ host, pathname }: URL) => `Requests ${pathname} from ${host}, which will see your IP address. Nothing else is sent.`,
  fetch: "Fetch",
  failures: (failure: Failure, host: string) => {
    if (typeof failure === "object") {
      const hidden = [401, 403, 404].includes(failure.status);
      return `${host} responded with ${failure.status}.${hidden ? " If the file is private, download it and drop it here: keyless sends no credentials." : ""}`;
    }
    return {
      unreadable: `Could not read from ${host}: it is unreachable, or its CORS headers do not allow this page. Download the file and drop it here.`,
      "too-large": "The file is larger than 8 MB.",
      "not-text": "The response is not UTF-8 text.",
    }[failure];
  },
};

export const hover = {
  title: (name: string, of: string | undefined) => (of === undefined ? `\`${name}\`` : `\`${name}\` in ${of}`),
  more: "Open in the reference",
};

export const views = {
  problems: "Problems",
  requirements: "Requirements",
  migrate: "Migrate",
  pipeline: "Pipeline",
  trust: "Trust policy",
  token: "Token",
  setup: "Set up AWS",
};

const STARTS: Record<string, string> = {
  default: "Default",
  branches: "Branch",
  tags: "Tag",
  "pull-requests": "Pull request from",
  custom: "Custom",
  "definitions.pipelines": "Shared",
};

export const pipeline = {
  start: (start: string) => STARTS[start] ?? start,
  empty: {
    title: "No pipeline yet",
    about: "Add a step under `pipelines:` to see what runs when, where it deploys, and which steps get an OIDC token.",
  },
  kinds: { parallel: "parallel", stage: "stage", final: "final", step: "" } satisfies Record<OutlineGroupKind, string>,
  token: "OIDC token",
  noToken: "no OIDC token",
  manual: "manual",
  roleFromSettings: "role from a Bitbucket variable",
};

export const requirements = {
  lead: "Variables that the steps expect from Bitbucket's settings. Select the ones you have defined, and the problems are updated.",
  empty: {
    title: "No variables needed",
    about: "Every variable that the steps use is set in this file or by Bitbucket.",
  },
  variable: "Variable",
  level: "Set in",
  levels: {
    environment: (environments: readonly string[]) => environments.join(", "),
    repository: () => "repository or workspace",
  } satisfies Record<VariableLevel, (environments: readonly string[]) => string>,
  usedBy: "Used by",
  statuses: { declared: "defined", unknown: "", missing: "not defined" } satisfies Record<VariableStatus, string>,
  copy: "Copy as Markdown",
  copied: "Copied.",
};

export const migrate = {
  lead: "Stored AWS keys in the pipeline, and the edits that replace them by roles. Create the roles and variables before you merge the result.",
  empty: {
    title: "No stored AWS keys are used",
    about: "No step of this pipeline gets a stored AWS key, as far as the file shows.",
  },
  classes: {
    safe: "safe",
    unsafe: "to review",
    manual: "manual",
  } satisfies Record<MigrationClass, string>,
  forms: {
    pipe: "Variables of a pipe",
    "pipe-defaults": "A pipe takes the keys from Bitbucket's settings",
    "other-pipe": "A pipe that is not known to take a role",
    environment: "Commands take the keys from Bitbucket's settings",
    export: "Exported variables",
    configure: "`aws configure set`",
    profile: "`aws configure set` for a profile",
    serverless: "`serverless config credentials`",
    "credentials-file": "The AWS credentials file",
    "shell-file": "A shell file for other steps",
    image: "A private image",
    storage: "The storage of a self-hosted runner",
    docker: "A container",
    terraform: "Arguments or variables of Terraform",
    passed: "A key that is passed on",
  } satisfies Record<KeyForm, string>,
  line: (line: number) => `Line ${line}`,
  diff: "Changes",
  before: "Before the merge",
  role: (environment: string | null) =>
    environment === null ? "a role for steps without an environment" : `a role for the environment ${environment}`,
  afterwards: "Once no deployment uses the keys",
  retire: (name: string) => `deactivate its key in IAM, then delete \`${name}\``,
  check: "To check",
  applySafe: (count: number) => `Apply ${count} safe`,
  applyAll: (count: number) => `Apply all ${count}`,
  copy: "Copy as Markdown",
  copied: "Copied.",
};

export const trust = {
  lead: "Paste a role's trust policy, or a template that contains roles. keyless checks it and simulates whether a step can assume the role.",
  policy: "Trust policy or template",
  request: "Request",
  step: "Step",
  claims: "Claims of a token",
  environmentUuid: (environment: string) => `UUID of ${environment}`,
  issuer: "Issuer",
  audience: "Audience",
  subject: "Subject",
  sourceIp: "Source IP address",
  unknown: "unknown",
  noKey: "not in the request",
  noToken: (step: string) => `\`${step}\` gets no token because it does not set \`oidc: true\`. The result assumes that it does.`,
  verdicts: { allow: "Allowed", deny: "Denied", depends: "Undetermined" } satisfies Record<TrustVerdict, string>,
  reasons: {
    allows: (statement: number) => `Allowed by statement ${statement}.`,
    denies: (statement: number) => `Explicitly denied by statement ${statement}.`,
    nothing: "No statement allows the request.",
    depends: "Fill in the missing values above.",
  },
  statement: (number: number, effect: TrustEffect | null) => `Statement ${number} (${effect ?? "unknown effect"})`,
  holds: { yes: "matches", no: "does not match", depends: "unknown" } satisfies Record<Holds, string>,
  onlyDeployed: "known only after deployment:",
  expected: "expected",
  actual: "actual",
  because: "reason",
  nothing: "nothing; an empty list never matches",
  more: (count: number) => `and ${count} more`,
  checked: (count: number) => (count === 1 ? "1 problem in the policy" : `${count} problems in the policy`),
  clean: "No problems in the policy.",
  fromToken: "Filled in the claims of the token.",
  fromSetup: "This is the template from Set up AWS. Choose a step to simulate.",
};

export const token = {
  lead: "Paste the OIDC token of a step to decode it. It stays in this tab and is not saved. Use an expired token if you can: a valid one is a credential.",
  token: "Token",
  placeholder: "eyJ…",
  claims: {
    issuer: "Issuer",
    audiences: "Audience",
    subject: "Subject",
    repository: "Repository",
    environment: "Environment",
    step: "Step",
    branch: "Branch",
    validFor: "Valid for",
    expiredSince: "Expired for",
  },
  unseen: "not visible to AWS",
  simulate: "Simulate with a trust policy",
};

export const setup = {
  lead: "Generates the identity provider and a role for each deployment environment, like `keyless setup`. To find the UUIDs, go to Repository settings > OpenID Connect in Bitbucket.",
  workspace: "Workspace",
  workspaceUuid: "Workspace UUID",
  repository: "Repository",
  repositoryUuid: "Repository UUID",
  environments: "Deployment environments, one role each",
  noEnvironments: "This file has no deployment environments. Without one, the role accepts every step of the repository.",
  environmentName: "Environment name",
  uuidOf: (environment: string) => `UUID of ${environment}`,
  roleOf: (environment: string) => `Role of ${environment}`,
  environmentRoles: { deploys: "deploys", reads: "read-only" },
  add: "Add",
  profile: "Permissions",
  profiles: {
    minimal: "Assume the CDK bootstrap roles only",
    full: "Also read the account and use CodeArtifact",
    "read-only": "Read-only, for cdk diff",
  } satisfies Record<SetupProfile, string>,
  format: "Format",
  formats: {
    "cloudformation-json": "CloudFormation (JSON)",
    cloudformation: "CloudFormation (YAML)",
    cdk: "CDK (TypeScript)",
    terraform: "Terraform",
    commands: "AWS CLI commands",
  } satisfies Record<SetupFormat, string>,
  files: {
    "cloudformation-json": "access.json",
    cloudformation: "access.yaml",
    cdk: "access.ts",
    terraform: "access.tf",
    commands: "access.sh",
  } satisfies Record<SetupFormat, string>,
  commands: {
    "cloudformation-json":
      "aws cloudformation deploy --stack-name bitbucket-access \\\n  --template-file access.json --capabilities CAPABILITY_NAMED_IAM",
    cloudformation:
      "aws cloudformation deploy --stack-name bitbucket-access \\\n  --template-file access.yaml --capabilities CAPABILITY_NAMED_IAM",
    cdk: "npx cdk deploy --app 'npx tsx access.ts'",
    terraform: "terraform init && terraform apply",
    commands: "sh access.sh",
  } satisfies Record<SetupFormat, string>,
  providerExists: "The account already has the identity provider",
  more: "Source IP addresses and other options",
  from: "Allowed source IP addresses",
  fromHelp: "Restricts the role in addition to audience and subject. Bitbucket's addresses require steps of size 4x or larger.",
  addresses: {
    anywhere: "Any",
    bitbucket: "Bitbucket's published addresses, as of July 2026",
    listed: "Custom list",
  },
  listed: "Addresses",
  listedHelp: "One CIDR block per line, or the JSON from ip-ranges.atlassian.com",
  bindSession: "Restrict the role session too, not only assuming the role",
  withReadOnly: "Add a read-only role that accepts every step of the repository",
  hours: "Maximum session duration (hours)",
  prefix: "Role name prefix",
  qualifier: "CDK bootstrap qualifier",
  deployAccounts: "Other accounts to deploy to",
  deployAccountsHelp: "Bootstrap each of them with `--trust` and this account's ID.",
  boundary: "Permissions boundary",
  rolePath: "Role path",
  pipe: "Image of the deploy pipe",
  quota: "Trust policy quota",
  quotas: { 2048: "2048 characters (default)", 4096: "4096 characters", 8192: "8192 characters" },
  generate: "Generate",
  copy: "Copy",
  copyOf: (title: string) => `Copy: ${title}`,
  copied: "Copied.",
  download: "Download",
  simulate: "Simulate its trust policies",
  deploy: "Deploy",
  inBitbucket: "In Bitbucket",
  inPipeline: "In bitbucket-pipelines.yml",
  roles: "Permissions of each role",
};

const SEVERITY_NAMES: Record<Severity, [one: string, many: string]> = {
  error: ["error", "errors"],
  warning: ["warning", "warnings"],
  hint: ["hint", "hints"],
};

export const severityHeading = (severity: Severity): string => {
  const many = SEVERITY_NAMES[severity][1];
  return many[0]!.toUpperCase() + many.slice(1);
};

export const counted = (count: number, severity: Severity): string =>
  `${count} ${SEVERITY_NAMES[severity][count === 1 ? 0 : 1]}`;

export const problems = {
  filter: "Severities shown",
  fixAll: (count: number) => (count === 1 ? "Apply the safe fix" : `Apply ${count} safe fixes`),
  clean: { title: "No problems", about: "keyless found no problems in this file." },
  empty: { title: "The file is empty", about: "Paste a `bitbucket-pipelines.yml` into the editor, drop the file on this page, or open an example." },
  more: (count: number) => `${count} more not shown`,
  position: (line: number, column: number) => `${line}:${column}`,
  goTo: (line: number, column: number) => `Go to line ${line}, column ${column}`,
  review: "Unsafe fix: it may change what the pipeline does. Review the result.",
};

/** The document's title once the file is checked. */
export const title = (counts: string) => `${counts} · ${page.name}`;

export const status = {
  clean: "no problems",
  checked: (counts: string, milliseconds: number) =>
    `${counts} · checked in ${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`,
  partly: (counts: string) => `${counts} so far · loading the rules about scripts, deployments and pipes`,
  incomplete: "The rules about scripts, deployments and pipes could not be loaded. The next edit tries again.",
  failed: "keyless crashed on this text and was restarted. Your text is unchanged; the next edit will be checked.",
};

export const rule = {
  about: (id: string) => `Documentation of ${id}`,
  back: "All problems",
  missing: "Could not load the documentation of this rule.",
};

/** Strings of the pages in rules/, which the build writes. */
export const reference = {
  title: "keyless rules",
  heading: "Rules",
  lead: "Every rule, with what it finds, why it matters, and how to fix it.",
  about: { pipeline: "Pipeline rules", trust: "Trust policy rules" },
  back: "Checker",
  wrong: "Wrong",
  right: "Right",
  tryIt: "Open in the checker",
};

/** The pages in docs/, in the order of their list. */
export const guides = {
  index: { title: "Guides", about: "Deploy to AWS from Bitbucket Pipelines without stored keys." },
  aws: { title: "Set up AWS", about: "Identity provider, roles and trust policies, and troubleshooting when AWS denies a request." },
  migrate: { title: "From stored keys to roles", about: "Find every use of a stored AWS key, replace it by a role, and retire the key without an outage." },
  command: { title: "Command and pre-commit hook", about: "Lint before you push: reports, fixes, settings, and the pre-commit hook." },
  pipe: { title: "Deploy pipe", about: "Deploy a CDK app with a role assumed through OIDC: every variable and what happens in which order." },
  "pipeline-language": { title: "Pipeline file reference", about: "Every key of bitbucket-pipelines.yml, its type and its meaning." },
  "other-linters": { title: "Other linters", about: "What they check, and what keyless covers." },
};

export const notices = {
  shared: (characters: number) =>
    characters > 16_000
      ? `Link copied. It has ${characters} characters, and some chat programs truncate long links.`
      : "Link copied. The pipeline is part of the link and is not stored on a server.",
  notCopied: "Could not copy. The link is in the address bar.",
  damaged: "Could not read the pipeline in this link. Copy the whole link and open it again.",
  opened: (name: string) => `Opened ${name}.`,
  update: "A new version of this page is available.",
  reload: "Reload",
};

export const refusals: Record<Refusal, (name: string) => string> = {
  folder: (name) => `${name} is a folder. Drop a file instead.`,
  "too-large": (name) => `${name} is larger than 8 MB.`,
  "not-text": (name) => `${name} is not UTF-8 text.`,
};

export const examples = {
  awsOidc: { title: "Deploy with a role, with errors", about: "CDK to two environments, with the most common errors" },
  awsOidcFixed: { title: "Deploy with a role", about: "The same pipeline, fixed; one step is reused through an anchor" },
  codeArtifact: { title: "Packages from CodeArtifact", about: "Log in before npm ci, with a separate role" },
  pipe: { title: "Atlassian pipe", about: "Upload a site to S3, with two errors" },
  monorepo: { title: "Stages and parallel steps", about: "A larger pipeline with services and conditions" },
};
