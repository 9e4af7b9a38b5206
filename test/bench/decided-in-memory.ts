import { bankTable, createApp } from "../../src/app.ts";
import type { RunningCloud } from "../../src/cli/up.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { configureBucket, createBucket } from "../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../src/local/s3/s3.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { silentLog } from "../../src/ports/log.ts";
import type { ObjectStore } from "../../src/ports/object-store.ts";

export type Put = { readonly key: string; readonly body: string };

/** Requests told in one batch, as Lambda does. */
const BATCH = 10;

/** Openings of accounts, then a mix of payments in, withdrawals and transfers: `count` in all. */
export const requestsOf = ({
  seed,
  from,
  accounts,
  count,
  nowMs,
}: {
  readonly seed: number;
  /** Number of the first account. */
  readonly from: number;
  readonly accounts: number;
  readonly count: number;
  readonly nowMs: number;
}): readonly Put[] => {
  const random = seededRandom(seed);
  const at = Math.floor(nowMs / 1000) - 1_000_000;
  const account = (n: number): string => String(from + (n % accounts));
  const put = (type: string, n: number, fields: object): Put => ({
    key: `${type}_b${from}n${n}.event`,
    body: JSON.stringify({ EventTimeStamp: at + n, ...fields }),
  });
  return Array.from({ length: count }, (_, n) => {
    if (n < accounts)
      return put("cash_deposit", n, {
        ...{ TargetAccount: account(n), CustomerNumber: "1", Amount: "1000.00", Verified: true },
      });
    const [TargetAccount, draw] = [account(Math.floor(random.next() * accounts)), random.next()];
    if (draw < 0.5) return put("incoming_payment", n, { TargetAccount, Amount: "12.50" });
    if (draw < 0.8) return put("cash_withdrawal", n, { SourceAccount: TargetAccount, Amount: "5.00" });
    const other = account(Number(TargetAccount) - from + 1);
    return put("inter_account_transfer", n, { SourceAccount: other, TargetAccount, Amount: "1.00" });
  });
};

/**
 * Decides requests of which the cloud's table knows nothing, and publishes the decisions in the cloud's S3: what is left
 * of a table that was lost. Quick, since neither table nor requests leave the memory of this process.
 */
export const decideInMemory = async (running: RunningCloud, puts: readonly Put[]): Promise<void> => {
  const { config } = running.app;
  const { newEvents, decisions } = config.buckets;
  const messages: string[] = [];
  const random = seededRandom(1);
  const s3 = createS3({ clock: running.clock, random, deliver: (_, message) => messages.push(message) });
  createBucket(s3, newEvents);
  const [id, destination, prefix, suffix] = ["all", "queue", "", ""];
  configureBucket(s3, newEvents, {
    versioning: "enabled",
    notifications: [{ id, destination, prefix, suffix, events: ["s3:ObjectCreated:*"] }],
  });
  const requests = new LocalObjectStore(s3);
  // Nobody is told of the decisions, as their requests are nowhere.
  const settings = running.cloud.s3.state.buckets.get(decisions)?.settings;
  configureBucket(running.cloud.s3, decisions, { notifications: [] });
  const objects = bothOf(requests, running.cloud.objects, newEvents);
  const store = new MemoryStore(bankTable);
  const app = createApp({ store, objects, clock: running.clock, random, log: silentLog }, config);
  messages.length = 0;
  for (let at = 0; at < puts.length; at += BATCH) {
    for (const { key, body } of puts.slice(at, at + BATCH))
      await requests.put({ bucket: newEvents, key, body });
    const batch = messages.splice(0).map((body, n) => ({ id: String(n), body }));
    const failed = await app.project(batch, () => 60_000);
    if (failed.size > 0) throw new Error(`${failed.size} requests of ${batch.length} were not decided.`);
  }
  configureBucket(running.cloud.s3, decisions, { notifications: settings?.notifications ?? [] });
};

/** One bucket of the one, all others of the other. */
const bothOf = (one: ObjectStore, other: ObjectStore, bucket: string): ObjectStore =>
  new Proxy(other, {
    get: (_, name: keyof ObjectStore) => {
      return (first: { readonly bucket: string }, ...rest: unknown[]) => {
        const store = first.bucket === bucket ? one : other;
        return (store[name] as (...args: unknown[]) => unknown).call(store, first, ...rest);
      };
    },
  });
