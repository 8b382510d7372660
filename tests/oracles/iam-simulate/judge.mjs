// Reads cases as JSON lines from standard input and answers each with one line: allow, deny, or error and why.
// A case is {policy, context, principal}. The first argument is the folder in which iam-simulate is installed.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.argv[2]}/`);
const { runSimulation } = require('@cloud-copilot/iam-simulate');
const account = '123456789012';

for await (const line of createInterface({ input: process.stdin })) {
  const { policy, context, principal } = JSON.parse(line);
  const { resultType, overallResult, errors } = await runSimulation(
    {
      request: {
        principal,
        action: 'sts:AssumeRoleWithWebIdentity',
        resource: { resource: `arn:aws:iam::${account}:role/deploy`, accountId: account },
        contextVariables: context,
      },
      identityPolicies: [],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: policy,
    },
    {},
  );
  if (resultType === 'error') console.log(`error ${JSON.stringify(errors)}`);
  else console.log(overallResult === 'Allowed' ? 'allow' : 'deny');
}
