// The examples gallery; the build puts the files' text here.

import awsOidc from "../examples/aws-oidc.yml";

export const FIRST = awsOidc;
