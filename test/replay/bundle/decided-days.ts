import { bank } from "../../../src/domain/bank.ts";
import { DEFAULT_SETTINGS } from "../../../src/domain/settings.ts";
import { sha256Hex } from "../../../src/ledger/chain.ts";
import type { DecisionRecord } from "../../../src/ledger/domain.ts";
import { recordOf, type StreamAt, streamBegin } from "../../../src/ledger/judge.ts";
import { placementOf } from "../../../src/ledger/place/placement.ts";
import { nameOfRecord } from "../../../src/ledger/publish.ts";
import { recordText } from "../../../src/ledger/record.ts";
import { createLocalCloud } from "../../../src/local/cloud.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { seededRandom } from "../../../src/local/seeded-random.ts";
import { createDaybookTopology, type TopologyOptions } from "../../../src/local/topology.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import type { BundlePlace } from "../../../src/replay/bundle/place.ts";

export const DAY = "2026-03-01";
export const DAY_START_MS = Date.parse(`${DAY}T00:00:00.000Z`);
export const DAY_MS = 86_400_000;

/** Small, so that a small day has several parts and members too. */
export const SMALL = { memberTextBytes: 3_000, partBytes: 2_000 };

type State = ReturnType<typeof bank.initialState>;

export type DecideOptions = {
  readonly decidedMs?: number;
  readonly epoch?: number;
  /** The key stands for other content already. */
  readonly isReused?: boolean;
  /** Too large to be read: the record carries no bytes. */
  readonly isUnread?: boolean;
};

/** Buckets of the local cloud, with decisions in them that the bank's own rules made, on a clock moved by hand. */
export const openDays = (options: TopologyOptions = {}) => {
  const clock = new ManualClock(DAY_START_MS);
  const cloud = createLocalCloud({ clock, random: seededRandom(7) });
  const { buckets } = createDaybookTopology(cloud, options);
  const { objects } = cloud;
  const streams = new Map<string, StreamAt<State>>();
  const settings = { ...DEFAULT_SETTINGS, currencyRequired: false, autoOpen: true };
  const place = (over: ObjectStore = objects): BundlePlace => ({
    objects: over,
    clock,
    decisionsBucket: buckets.decisions,
    archiveBucket: buckets.archive,
    rejectedBucket: buckets.rejected,
    epoch: 2,
  });
  /** Puts a request and publishes the decision over it, now. */
  const decide = async (
    key: string,
    body: string | Uint8Array,
    { decidedMs = clock.now(), epoch = 1, isReused = false, isUnread = false }: DecideOptions = {},
  ): Promise<{ readonly name: string; readonly text: string; readonly record: DecisionRecord }> => {
    const bytes = Buffer.from(body);
    const stored = await objects.put({ bucket: buckets.newEvents, key, body: bytes });
    if (stored.outcome === "exists") throw new Error("Puts without a condition are stored");
    const read = isUnread ? undefined : bytes;
    const digest = isUnread ? sha256Hex(`unread:${bytes.length}:${stored.eTag}`) : sha256Hex(bytes);
    const time = isoInstant(clock.now());
    const parsed = bank.parse({ key, bytes: read, sizeBytes: bytes.length, eventTime: time }, settings);
    const found = {
      seen: {
        source: "notification" as const,
        bucket: buckets.newEvents,
        key,
        versionId: stored.versionId ?? "null",
        kind: "created" as const,
        time,
        event: "ObjectCreated:Put",
      },
      bytes: read,
      sizeBytes: bytes.length,
      digest,
    };
    const named = parsed.streams.length === 0 ? ["~0"] : parsed.streams;
    const before = new Map(named.map(name => [name, streams.get(name) ?? streamBegin(bank)]));
    const states = new Map([...before].map(([name, at]) => [name, at.state]));
    const decided = isReused
      ? { outcome: "refused" as const, code: "KEY_REUSED", facts: {} }
      : parsed.valid
        ? bank.decide(parsed.request, { states, original: undefined, settings })
        : { outcome: "refused" as const, code: parsed.code, facts: parsed.facts };
    if (decided.outcome === "deferred") throw new Error("These stories have no follow-ups");
    const frame = { epoch, decidedAt: isoInstant(decidedMs), rules: bank.rules, settings };
    const { record, after } = recordOf(bank, frame, { found, parsed }, decided, before, isReused);
    for (const [name, at] of after) streams.set(name, at);
    const text = recordText(record);
    const name = nameOfRecord(record);
    await objects.put({ bucket: buckets.decisions, key: name, body: text, ifAbsent: true });
    return { name, text, record };
  };
  /** A verified deposit into one of fifty places, every tenth request a malformed one. */
  const decideNumber = (n: number, decideOptions?: DecideOptions) =>
    decide(
      `cash_deposit_r${String(n).padStart(7, "0")}.event`,
      n % 10 === 9
        ? "{"
        : JSON.stringify({
            EventTimeStamp: DAY_START_MS / 1000 - 1000 + n,
            TargetAccount: `1000${n % 50}`,
            CustomerNumber: `${n % 50}`,
            Amount: `${(n % 90) + 1}.00`,
            Verified: true,
            Currency: { "1-euro-coins": (n % 90) + 1 },
          }),
      decideOptions,
    );
  /** Copies a decided request to its place, as the place function does. */
  const placeCopy = async (record: DecisionRecord): Promise<void> => {
    const { bucket, names, metadata, source } = placementOf(record, {
      requests: buckets.newEvents,
      archive: buckets.archive,
      rejected: buckets.rejected,
    });
    await objects.copy({ from: source, to: { bucket, key: names[0] ?? "" }, metadata });
  };
  return { clock, cloud, buckets, objects, place, decide, decideNumber, placeCopy };
};

export type Days = ReturnType<typeof openDays>;

/** Decides so many requests over the day and moves on to the day after. Returns: the published texts, by key. */
export const fillDay = async (days: Days, count: number): Promise<Map<string, string>> => {
  const texts = new Map<string, string>();
  for (let n = 0; n < count; n += 1) {
    days.clock.set(DAY_START_MS + Math.floor((n * DAY_MS) / count));
    const { name, text } = await days.decideNumber(n);
    texts.set(name, text);
  }
  days.clock.set(DAY_START_MS + DAY_MS + 60_000);
  return texts;
};

/** What lies in a bucket under a prefix: the bytes of the current versions, by key. */
export const contentsOf = async (
  { objects }: Days,
  bucket: string,
  prefix = "bundle",
): Promise<Map<string, Buffer>> => {
  const found = new Map<string, Buffer>();
  let cursor: string | undefined;
  do {
    const page = await objects.list({ bucket, prefix, cursor });
    for (const { key } of page.objects)
      found.set(key, Buffer.from((await objects.get({ bucket, key }))?.body ?? []));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
};

/** Keys under a prefix that were written more than once. */
export const rewritten = ({ cloud, buckets }: Days, prefix = "bundle"): readonly string[] =>
  [...(cloud.s3.state.buckets.get(buckets.archive)?.versions ?? [])]
    .filter(([key, versions]) => key.startsWith(prefix) && versions.length > 1)
    .map(([key]) => key);
