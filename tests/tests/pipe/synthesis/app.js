'use strict';
// Looks for the session and the step's token in every place that an app can reach, while it is synthesized and, from a process
// that it leaves behind, afterwards. What it finds goes to the file `found`, without a value.

const { spawn } = require('node:child_process');
const { appendFileSync, readdirSync, readFileSync } = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const WANTED = /^(BITBUCKET_STEP_OIDC_TOKEN|AWS_CONTAINER_\w+|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_ROLE_ARN|AWS_WEB_IDENTITY_TOKEN_FILE)=/;
const found = (text) => appendFileSync(path.join(__dirname, 'found'), `${text}\n`);

// The variables that a process was started with, of this one and of every other that can be read.
const variables = (id) => {
  try {
    return readFileSync(`/proc/${id}/environ`, 'utf8').split('\0').filter((variable) => WANTED.test(variable));
  } catch {
    return [];
  }
};

const fetchSession = (who, variables) => {
  const value = (name) => variables.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
  const url = value('AWS_CONTAINER_CREDENTIALS_FULL_URI');
  if (!url) return;
  const headers = { Authorization: value('AWS_CONTAINER_AUTHORIZATION_TOKEN') };
  http.get(url, { headers }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => found(`${who} got the session of ${JSON.parse(text).AccessKeyId.slice(0, 4)}`));
  }).on('error', () => {});
};

const search = (who) => {
  // Only processes of this run: those with its mark, or that cannot be told apart from it.
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const id of processes) {
    let all = '';
    try { all = readFileSync(`/proc/${id}/environ`, 'utf8'); } catch { continue; }
    if (!all.includes(`KEYLESS_TESTS_RUN=${process.env.KEYLESS_TESTS_RUN}`)) continue;
    const seen = variables(id);
    for (const variable of seen) found(`${who} sees ${variable.split('=')[0]}`);
    fetchSession(who, seen);
  }
};

if (process.argv[2] === 'stay') {
  setInterval(() => search('what is left behind'), 50);
} else {
  search('the app');
  spawn(process.execPath, [__filename, 'stay'], { detached: true, stdio: 'ignore' }).unref();
  const { App, Stack } = require('aws-cdk-lib');
  const { StringParameter } = require('aws-cdk-lib/aws-ssm');
  const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };
  const stack = new Stack(new App(), 'Watched', { env });
  new StringParameter(stack, 'P', { parameterName: '/synthesis/watched', stringValue: 'x' });
}
