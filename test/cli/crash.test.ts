import pMap from "p-map";
import { afterEach, expect, test } from "vitest";
import { type App, cloudApp } from "../../src/app.ts";
import { type Clients, createClients } from "../../src/aws/clients.ts";
import { compareHeads } from "../../src/ledger/compare.ts";
import type { DecisionRecord } from "../../src/ledger/domain.ts";
import { foldDecisions, publishedDecisions } from "../../src/ledger/fold.ts";
import { readState } from "../../src/tracking/refresh-state.ts";
import { descendantsOf, endAll, startUp, type Up, until, untilGone } from "../support/cli-process.ts";

/** FULL=1 is the size of the promise; npm test makes do with a part. */
const IS_FULL = process.env.FULL === "1";
const EVENTS = IS_FULL ? 1_000 : 200;
/** Takes 15 s and 25 s on two idle cores, and several times that on busy ones: three starts of Java are most of it. */
const TEST_MS_MAX = IS_FULL ? 300_000 : 120_000;
/** The process is killed each time this share of the events is acknowledged. */
const KILLED_AT = [0.3, 0.7];
const ACCOUNTS = 10;
const PUTS_AT_ONCE = 8;
const READS_AT_ONCE = 8;
/** Each start puts what the last one did not acknowledge; one more than there are kills does it. */
const STARTS_MAX = KILLED_AT.length + 1;

let clients: Clients | undefined;
afterEach(async () => {
  clients?.close();
  await endAll();
});

type Request = { readonly key: string; readonly body: string };

/** Deposits of 2.00 and withdrawals of 1.00 in turn: whatever their order, none is refused on an account that begins with 1000.00. */
const requests: readonly Request[] = Array.from({ length: EVENTS }, (_, i) => {
  const account = `9000${i % ACCOUNTS}`;
  const isOpening = i < ACCOUNTS;
  const isDeposit = isOpening || Math.floor(i / ACCOUNTS) % 2 === 0;
  const facts = {
    EventTimeStamp: 1_600_000_000 + i,
    Amount: isOpening ? "1000.00" : isDeposit ? "2.00" : "1.00",
  };
  return isDeposit
    ? {
        key: `cash_deposit_c${i}.event`,
        body: JSON.stringify({ ...facts, TargetAccount: account, Verified: true, CustomerNumber: account }),
      }
    : { key: `cash_withdrawal_c${i}.event`, body: JSON.stringify({ ...facts, SourceAccount: account }) };
});

const connected = async (up: Up): Promise<App> => {
  clients?.close();
  clients = createClients(up.env);
  return cloudApp(clients, up.env);
};

/**
 * Puts what is not acknowledged yet, several at once; a put that fails is left for the next start.
 * `onAcknowledged` is told how many are.
 */
const putRest = async (app: App, acknowledged: Set<string>, onAcknowledged: (count: number) => void) => {
  const bucket = app.config.buckets.newEvents;
  const rest = requests.filter(({ key }) => !acknowledged.has(key));
  let isDown = false;
  const put = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined && !isDown; next = rest.shift()) {
      try {
        await app.ledger.objects.put({ bucket, ...next, ifAbsent: true });
      } catch {
        isDown = true;
        return;
      }
      acknowledged.add(next.key);
      onAcknowledged(acknowledged.size);
    }
  };
  await Promise.all(Array.from({ length: PUTS_AT_ONCE }, put));
};

const undecidedOf = async (app: App, keys: Iterable<string>): Promise<readonly string[]> => {
  const states = await pMap(keys, async key => ({ key, state: await readState(app.ledger, key) }), {
    concurrency: READS_AT_ONCE,
  });
  return states.filter(({ state }) => state?.decision === undefined).map(({ key }) => key);
};

/** Asks for one after the other: asking for all again and again would keep the table busy. */
const untilDecided = async (app: App, keys: Iterable<string>): Promise<void> => {
  for (const key of keys) await until(async () => (await undecidedOf(app, [key])).length === 0);
};

const decisionsOf = async ({ ledger }: App): Promise<readonly DecisionRecord[]> =>
  Array.fromAsync(publishedDecisions(ledger.objects, ledger.decisionsBucket, ledger.epoch));

test(
  `kill -9 while ${EVENTS} events arrive: each is decided once, none is lost, and S3 alone gives the same table`,
  async () => {
    let up = await startUp(["--data", "data", "--currency-optional"]);
    const acknowledged = new Set<string>();
    // The accounts first, so that nothing else is judged before they exist.
    let app = await connected(up);
    const bucket = app.config.buckets.newEvents;
    for (const { key, body } of requests.slice(0, ACCOUNTS)) {
      await app.ledger.objects.put({ bucket, key, body, ifAbsent: true });
      acknowledged.add(key);
    }
    await untilDecided(app, acknowledged);

    const kills = KILLED_AT.map(share => Math.floor(share * EVENTS));
    let undecidedAtKills = 0;
    for (let starts = 1; acknowledged.size < EVENTS && starts <= STARTS_MAX; starts += 1) {
      const killAt = kills.shift();
      const { upPid } = up;
      const pids = [up.pid, ...descendantsOf(up.pid)];
      await putRest(app, acknowledged, count => {
        if (count === killAt) process.kill(upPid, "SIGKILL");
      });
      if (killAt === undefined) break;
      expect(acknowledged.size).toBeLessThan(EVENTS);
      expect((await up.ended).exitCode).toBe(128 + 9);
      await untilGone(pids);
      up = await startUp(["--data", "data", "--currency-optional"], { cwd: up.folder });
      app = await connected(up);
      undecidedAtKills += (await undecidedOf(app, acknowledged)).length;
    }
    expect(acknowledged.size).toBe(EVENTS);
    await untilDecided(app, acknowledged);

    // Otherwise the kills came when nothing was under way.
    expect(undecidedAtKills).toBeGreaterThan(0);
    // The table shows a decision a moment before S3 does.
    await until(async () => (await decisionsOf(app)).length === EVENTS);
    const decisions = await decisionsOf(app);
    expect(decisions.map(({ key }) => key).sort()).toEqual(requests.map(({ key }) => key).sort());
    expect(new Set(decisions.map(({ outcome }) => outcome))).toEqual(new Set(["accepted"]));
    const { ledger } = app;
    const fold = await foldDecisions(
      ledger.domain,
      publishedDecisions<Parameters<typeof ledger.domain.evolve>[1]>(
        ledger.objects,
        ledger.decisionsBucket,
        ledger.epoch,
      ),
    );
    expect(fold.faults).toEqual([]);
    const comparisons = await compareHeads(ledger, fold);
    expect(comparisons.filter(({ isEqual }) => !isEqual)).toEqual([]);
    expect(comparisons).toHaveLength(ACCOUNTS);
    const totalCents = [...fold.streams.values()].reduce((sum, { state }) => sum + state.actualCents, 0);
    const changes = EVENTS - ACCOUNTS;
    const rounds = changes / ACCOUNTS;
    expect(totalCents).toBe(
      ACCOUNTS * (100_000 + Math.floor(rounds / 2) * 200 - Math.ceil(rounds / 2) * 100),
    );
  },
  TEST_MS_MAX,
);
