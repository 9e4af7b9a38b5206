import { createHash } from "node:crypto";
import type { SQSRecord } from "aws-lambda";
import { expect } from "vitest";
import { bankTable, tableRows } from "../../../src/app.ts";
import { createProjectHandler } from "../../../src/handlers/project.ts";
import type { DecisionRecord } from "../../../src/ledger/domain.ts";
import { sqsEvent } from "../../../src/local/lambda/sqs-event.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { MemoryStore, type StoreHook } from "../../../src/local/memory-store.ts";
import { subscribe } from "../../../src/local/sns/sns.ts";
import { createQueue, receiveMessages } from "../../../src/local/sqs/sqs.ts";
import { queueArn } from "../../../src/local/sqs/sqs-state.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { openBank } from "../../support/bank-on-this-machine.ts";

export const DAY_MS = 86_400_000;
/** A copy as a bucket shows it. */
export type Copy = { readonly body: string; readonly metadata: Readonly<Record<string, string>> };

/** A bank whose two functions the test calls itself, with messages it may keep, double and hand over in any order. */
export const openPlace = async (
  options: {
    readonly hook?: StoreHook;
    readonly placeObjects?: (objects: ObjectStore) => ObjectStore;
    readonly seed?: number;
  } = {},
) => {
  const manual = new ManualClock(Date.now());
  const clock = { now: () => manual.now(), sleep: async (delayMs: number) => manual.advance(delayMs) };
  const store = new MemoryStore(bankTable, options.hook);
  const bank = openBank(store, {
    handlers: 0,
    clock,
    chaos: { seed: options.seed ?? 1 },
    ...(options.placeObjects && { placeObjects: options.placeObjects }),
  });
  const { cloud, topology } = bank;
  createQueue(cloud.sqs, "outside");
  subscribe(cloud.sns, { topicArn: topology.topics.payments, queueArn: queueArn("outside"), isRaw: true });

  const take = (name: string): readonly SQSRecord[] => {
    const records: SQSRecord[] = [];
    for (;;) {
      const received = receiveMessages(cloud.sqs, name, { max: 10 });
      if (received.length === 0) return records;
      records.push(...sqsEvent(queueArn(name), received).Records);
    }
  };
  const project = createProjectHandler(bank.app);
  /** Lets the project function see all that happened so far. */
  const projectAll = async (): Promise<void> => {
    for (let records = take("project"); records.length > 0; records = take("project"))
      expect(await project({ Records: [...records] })).toEqual({ batchItemFailures: [] });
  };
  /** Hands messages to the place function; returns those that must come again. */
  const place = async (...records: readonly SQSRecord[]): Promise<readonly SQSRecord[]> => {
    const { batchItemFailures } = await bank.placeHandler({ Records: [...records] });
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    return records.filter(({ messageId }) => failed.has(messageId));
  };
  const announced: string[] = [];
  await projectAll();
  take("place"); // The test event of the bucket's configuration.
  return {
    ...bank,
    store,
    place,
    projectAll,
    /** Messages about the decisions made since the last call. */
    decided: (): readonly SQSRecord[] => take("place"),
    announcements: (): readonly string[] => {
      announced.push(...take("outside").map(({ body }) => body));
      return announced;
    },
    advance: (byMs: number): void => {
      manual.advance(byMs);
      cloud.runDue();
    },
    contents: (bucket: string): Promise<ReadonlyMap<string, Copy>> => contentsOf(cloud.objects, bucket),
    records: async (): Promise<readonly DecisionRecord[]> =>
      [...(await contentsOf(cloud.objects, topology.buckets.decisions)).values()].map(({ body }) =>
        JSON.parse(body),
      ),
    stateOf: async (key: string) => {
      const [item] = await store.get([tableRows.state.key({ key })]);
      return item && tableRows.state.read(item);
    },
  };
};

export type PlaceBench = Awaited<ReturnType<typeof openPlace>>;

/** The current objects of a bucket by key. */
export const contentsOf = async (
  objects: ObjectStore,
  bucket: string,
): Promise<ReadonlyMap<string, Copy>> => {
  const copies = new Map<string, Copy>();
  let cursor: string | undefined;
  do {
    const page = await objects.list({ bucket, cursor });
    for (const { key } of page.objects) {
      const found = await objects.get({ bucket, key });
      if (found)
        copies.set(key, { body: Buffer.from(found.body).toString("utf8"), metadata: found.facts.metadata });
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return copies;
};

/** Where each decision's request must lie, said independently of the code: `bucket/name` to body and metadata. */
export const expectedCopies = (records: readonly DecisionRecord[]): ReadonlyMap<string, Copy> =>
  new Map(
    records.map(record => {
      const { key, digest, outcome, code, reused, text = "", legs, source, decidedAt } = record;
      const name = reused ? `${key}~${digest}` : key;
      const metadata = {
        "request-key": key,
        digest,
        outcome,
        ...(code ? { code } : {}),
        epoch: "1",
        legs: legs.map(({ stream, sequence }) => `${stream}:${sequence}`).join(","),
        "source-bucket": source.bucket,
        "source-version": source.versionId ?? "",
        "source-sequencer": source.sequencer ?? "",
        "event-time": source.eventTime,
        "decided-at": decidedAt,
        record: createHash("sha256").update(JSON.stringify(record)).digest("hex"),
        prev: legs.map(({ prevHash }) => prevHash).join(","),
        rules: record.rules,
        settings: encodeURIComponent(JSON.stringify(record.settings)),
        ...(outcome === "accepted" && {
          changes: encodeURIComponent(JSON.stringify(legs.map(({ change }) => change))),
        }),
      };
      return [
        `${outcome === "accepted" ? "archive" : "rejected"}/${name}`,
        { body: text, metadata },
      ] as const;
    }),
  );

/** What lies in archive and rejected, as `expectedCopies` puts it; whether a copy was rebuilt is left out. */
export const placedCopies = async (objects: ObjectStore): Promise<ReadonlyMap<string, Copy>> => {
  const placed = new Map<string, Copy>();
  for (const bucket of ["archive", "rejected"])
    for (const [key, { body, metadata }] of await contentsOf(objects, bucket)) {
      const { rebuilt: _, ...told } = metadata;
      placed.set(`${bucket}/${key}`, { body, metadata: told });
    }
  return placed;
};
