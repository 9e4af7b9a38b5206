import { conformanceText } from "../../src/local/conformance.ts";

const INTRODUCTION = `# The local cloud

\`npx daybook up\` starts everything Daybook needs on one machine: Amazon's DynamoDB Local, and S3, SNS, SQS and the part of Lambda
that reads a queue, written for this repository. \`demo\` and \`scenario\` start one of their own and stop it at the end. The function talks to it
through the same AWS SDK clients as on AWS; nothing is mocked.

\`\`\`
npx daybook up --data .daybook/data --port 4566
\`\`\`

prints the variables that point a client at it (\`AWS_ENDPOINT_URL\`, \`AWS_ENDPOINT_URL_DYNAMODB\`, a region, and keys that open nothing). Commands of
this folder find it by themselves, through \`.daybook/up.json\`. With the variables set, any AWS SDK and the aws CLI work, buckets in path style:

\`\`\`
aws s3 cp cash_deposit_r1.event s3://daybook-new-events/
\`\`\`

## Who can reach it

- S3, SNS and SQS listen on 127.0.0.1 only. Signatures are not verified: every program of this machine may do everything.
- **DynamoDB Local listens on all interfaces** and has no option to change that. On a network you do not trust, close its port by a firewall;
  \`AWS_ENDPOINT_URL_DYNAMODB\` says which one it is.

## State

Without \`--data\` the state is in memory and gone at the end. With it, S3, SNS and SQS keep a journal in \`DIR/cloud\` and DynamoDB Local its file in \`DIR/table\`;
the next \`up\` on the folder continues there. The folder is locked while it is in use. What was acknowledged survives \`kill -9\` of the process; a power cut may cost the
operating system's own buffers.

## Chaos

| Option of \`up\` and \`scenario\` | Effect |
| --- | --- |
| \`--shuffle <seed>\` | a queue hands out any visible message instead of the oldest; four batches run at a time instead of one |
| \`--duplicate <rate>\` | this share of messages arrives twice, and this share of receives hands a message out once more, also after it was deleted |
| \`--drop <rate>\` | this share of messages never arrives: \`daybook reconcile\` finds what was lost; a scenario ends with the requests that have no decision |
| \`--delay <ms>\` | messages become visible after a random time up to this |

All of it is drawn from one seed (\`--shuffle\`'s, else 1). The order in which processes run is not: two runs with one seed have the same faults in the same places only
where the calls come in the same order. What must be the same is the outcome.

## Control

Under the port of S3, for tests and tools; bodies and answers are JSON.

| Request | Effect |
| --- | --- |
| \`GET /_daybook/clock\` | the cloud's time |
| \`POST /_daybook/clock\` | sets it: \`{"now":"2026-03-02T09:00:00Z"}\`, \`{"nowMs":...}\` or \`{"advanceMs":...}\`; then does what became due |
| \`POST /_daybook/run-due\` | does what is due: restores of cold objects, lifecycle rules |
| \`GET /_daybook/idle\` | \`isIdle\`, and how many messages each queue holds |
| \`GET /_daybook/counts\` | requests answered, by operation |
| \`GET /_daybook/chaos\`, \`POST /_daybook/chaos\` | what goes wrong, and how often it did; sets \`seed\`, \`duplicate\`, \`drop\`, \`delayMaxMs\`, \`shuffle\` |

## What is faithful, and what is not

Faithful, and tested against the real SDK clients: versions, delete markers and the null version; conditional puts (\`If-None-Match\`, \`If-Match\`), also over a delete marker;
aws-chunked bodies with trailing checksums; ETags of multipart uploads; listings in UTF-8 order, paged and url-encoded; cold classes, which give no bytes without
a restore; notifications as S3 2.x records with a sequencer that grows per key; visibility, receive counts and dead letters of queues; batches, partial failures and
retries of Lambda's poller.

Not like AWS:

- A notification is on its way at once, and one event after the other: times of events strictly increase. AWS takes a second or a minute, in any order. Chaos is there for that.
- Messages in queues wait by the machine's clock even where the cloud's clock was moved, so that a story may play on any date.
- There are no permissions, no encryption, no throttling, no regions, no other accounts.
- DynamoDB Local throttles nothing and has no point-in-time recovery; its indexes are never behind. What it does otherwise is Amazon's.
- Operations that are not implemented answer 501 with their name. Nothing is accepted and then forgotten, but for what the tables below say.`;

/** The page docs/LOCAL-CLOUD.md: an introduction kept here by hand, and the operations as the handlers are. */
export const localCloudPage = (): string =>
  `${[
    "<!-- Generated from src/local by scripts/generate-docs.ts; do not edit. The introduction is in scripts/docs/local-cloud-page.ts. -->",
    INTRODUCTION,
    conformanceText().trimEnd(),
  ].join("\n\n")}\n`;
