import { parseArgs } from "node:util";
import { type App, cloudApp } from "../src/app.ts";
import { type Clients, createClients, type Env } from "../src/aws/clients.ts";
import { SqsDeadLetters } from "../src/aws/dead-letters.ts";
import { functionEnvironment } from "../src/aws/function-environment.ts";
import { readAccount } from "../src/cli/heads.ts";
import { startCloud } from "../src/cli/up.ts";

/**
 * Shows that a deployment works: puts a deposit and an object that is no request, and looks for the balance, the refusal
 * and empty dead-letter queues.
 *
 * `node scripts/smoke.ts`: at the endpoints in the environment, else on a local cloud of its own. `--aws`: on the account
 * that the environment names, after the stacks were deployed; the names of buckets and topics are those of the deployed
 * function, `--prefix` is that of the stacks. `--env` prints these names for a shell, and puts nothing.
 */
const { values } = parseArgs({
  options: {
    aws: { type: "boolean", default: false },
    env: { type: "boolean", default: false },
    prefix: { type: "string", default: "daybook" },
  },
});

/** Set aside for this: each run leaves its deposit there. */
const ACCOUNT = "999999999";
const CUSTOMER = "999999999";
const DEPOSIT_CENTS = 500;
/** A cold start and S3's notification take seconds, seldom a minute. */
const LOOKS_MAX = 120;
const LOOK_EVERY_MS = 1_000;

type Place = { readonly where: string; readonly env: Env; readonly stop: () => Promise<void> };

const nothing = async (): Promise<void> => {};

const placeOf = async (): Promise<Place> => {
  const { env } = process;
  if (values.aws || values.env) {
    const clients = createClients(env);
    const deployed = await functionEnvironment(await clients.lambda(), `${values.prefix}-project`);
    clients.close();
    return { where: `the deployment ${values.prefix}`, env: { ...env, ...deployed }, stop: nothing };
  }
  if (Object.keys(env).some(name => name.startsWith("AWS_ENDPOINT_URL") && env[name]))
    return { where: "the endpoints in the environment", env, stop: nothing };
  const running = await startCloud();
  return { where: "a local cloud of its own", env: running.env, stop: running.stop };
};

/** Looks until something is there. Returns: undefined after two minutes without it. */
const seen = async <T>(look: () => Promise<T | undefined>): Promise<T | undefined> => {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return undefined;
};

type Check = { readonly what: string; readonly isMet: boolean; readonly found: string };

const actualCents = async (app: App): Promise<number> => (await readAccount(app, ACCOUNT))?.actualCents ?? 0;

const decisionOf = async ({ ledger: { store, rows } }: App, key: string) => {
  const [item] = await store.get([rows.state.key({ key })]);
  return item === undefined ? undefined : rows.state.read(item).decision;
};

const checks = async (app: App, clients: Clients): Promise<readonly Check[]> => {
  const run = `smoke${Date.now().toString(36)}`;
  const deposit = `cash_deposit_${run}.event`;
  const poison = `cash_withdrawal_${run}p.event`;
  const before = await actualCents(app);
  const put = (key: string, body: string) =>
    app.ledger.objects.put({ bucket: app.config.buckets.newEvents, key, body, ifAbsent: true });
  await put(
    deposit,
    JSON.stringify({
      EventTimeStamp: Math.floor(Date.now() / 1000),
      TargetAccount: ACCOUNT,
      CustomerNumber: CUSTOMER,
      Amount: "5.00",
      Verified: true,
      Currency: { "5-euro-bills": 1 },
    }),
  );
  await put(poison, "{ no request");
  const accepted = await seen(() => decisionOf(app, deposit));
  const refused = await seen(() => decisionOf(app, poison));
  const after = await actualCents(app);
  const letters = new SqsDeadLetters(await clients.sqs());
  const { projectQueue, placeQueue } = app.config;
  const dead = await Promise.all([letters.peek(projectQueue, 1), letters.peek(placeQueue, 1)]);
  const total = dead.reduce((sum, each) => sum + each.total, 0);
  return [
    {
      what: `${deposit} is accepted`,
      isMet: accepted?.outcome === "accepted",
      found: accepted?.outcome ?? "no decision",
    },
    {
      what: `account ${ACCOUNT} has 5.00 more`,
      isMet: after - before === DEPOSIT_CENTS,
      found: `${((after - before) / 100).toFixed(2)} more`,
    },
    {
      what: `${poison} is refused MALFORMED_JSON`,
      isMet: refused?.code === "MALFORMED_JSON",
      found: refused?.code ?? "no decision",
    },
    { what: "no message is dead", isMet: total === 0, found: `${total} dead` },
  ];
};

const run = async ({ where, env }: Place): Promise<number> => {
  const clients = createClients(env);
  try {
    const app = await cloudApp(clients, env);
    const startedMs = performance.now();
    const all = await checks(app, clients);
    console.log(`On ${where}, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s:`);
    for (const { what, isMet, found } of all) console.log(`  ${isMet ? "ok   " : "FAILS"} ${what}: ${found}`);
    return all.every(({ isMet }) => isMet) ? 0 : 1;
  } finally {
    clients.close();
  }
};

const place = await placeOf();
try {
  if (values.env) {
    for (const [name, value] of Object.entries(place.env))
      if (name.startsWith("DAYBOOK_")) console.log(`export ${name}='${value}'`);
  } else process.exitCode = await run(place);
} finally {
  await place.stop();
}
