import { isoInstant } from "../ports/clock.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { jsonIn, ObjectDamaged } from "./json-in-s3.ts";
import type { AnyLedger } from "./ledger.ts";
import { epochText } from "./names.ts";

const PREFIX = "live/";
/** A thousand restores a page. */
const PAGES_MAX = 1_000;

/** From what a table was restored. Instants are ISO. */
export type Base =
  | { readonly kind: "pitr"; readonly at: string }
  | { readonly kind: "snapshot"; readonly id: string };

/** What a live table was made of. `rejudge`: of all decisions, judged anew; the digest of what came out otherwise. */
export type Origin = Base | { readonly kind: "rejudge"; readonly digest: string };

/** Which table is live: where a restore moved the pointer to. */
export type LivePointer = {
  readonly epoch: number;
  readonly table: string;
  readonly from: Origin;
  /** ISO instant. */
  readonly restoredAt: string;
};

/** Where pointers are kept: the bucket of decisions. */
export type LivePlace = { readonly objects: ObjectStore; readonly bucket: string };

export const placeOfLive = ({ objects, decisionsBucket: bucket }: AnyLedger): LivePlace => ({
  objects,
  bucket,
});

const liveName = (epoch: number): string => `${PREFIX}${epochText(epoch)}`;
const repairedName = (epoch: number): string => `repaired/${epochText(epoch)}`;

/**
 * Every pointer there ever was, by epoch; none before the first restore. The last one counts.
 *
 * Throws: if one is no pointer; what the object store throws.
 */
export const livePointers = async (place: LivePlace): Promise<readonly LivePointer[]> => {
  const pointers: LivePointer[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await place.objects.list({ bucket: place.bucket, prefix: PREFIX, cursor });
    for (const { key } of listed.objects) pointers.push(await pointerAt(place, key));
    cursor = listed.cursor;
    if (cursor === undefined) return pointers.sort((a, b) => a.epoch - b.epoch);
  }
  throw new Error(`More than ${PAGES_MAX} pages of pointers in s3://${place.bucket}/${PREFIX}`);
};

/** The live table and its epoch; undefined before the first restore, when the configuration names them. */
export const readLive = async (place: LivePlace): Promise<LivePointer | undefined> => {
  // Six digits sort as numbers do, so the last of few names is the one; a page holds a thousand.
  const listed = await place.objects.list({ bucket: place.bucket, prefix: PREFIX });
  if (listed.cursor !== undefined) return (await livePointers(place)).at(-1);
  const newest = listed.objects.at(-1);
  return newest && pointerAt(place, newest.key);
};

const POINTER = "a pointer to the live table";
const REPAIRED = "the instant at which an epoch was repaired";

const pointerAt = async ({ objects, bucket }: LivePlace, key: string): Promise<LivePointer> => {
  const found = await objects.get({ bucket, key });
  const body = found && (jsonIn(found.body, { bucket, key }, POINTER) as Partial<LivePointer> | null); // checked below
  const { epoch, table, from, restoredAt } = body ?? {};
  const isPointer =
    typeof epoch === "number" && typeof table === "string" && from !== undefined && restoredAt !== undefined;
  if (!isPointer || key !== liveName(epoch)) throw new ObjectDamaged(bucket, key, POINTER);
  return { epoch, table, from, restoredAt };
};

/**
 * Moves the pointer: from now on a worker that reads it takes this table. Write-once for each epoch.
 *
 * Returns: the pointer that stands, which is another one's if that was first.
 */
export const moveLive = async (place: LivePlace, pointer: LivePointer): Promise<LivePointer> => {
  const { outcome } = await place.objects.put({
    bucket: place.bucket,
    key: liveName(pointer.epoch),
    body: `${JSON.stringify(pointer)}\n`,
    ifAbsent: true,
    contentType: "application/json",
  });
  return outcome === "stored" ? pointer : pointerAt(place, liveName(pointer.epoch));
};

/**
 * Since when every stream of an epoch is repaired, ISO instant; undefined while some may not be. The first epoch needs
 * no repair, and answers with the beginning of time.
 */
export const repairedAt = async (place: LivePlace, epoch: number): Promise<string | undefined> => {
  if (epoch === 1) return isoInstant(0);
  const address = { bucket: place.bucket, key: repairedName(epoch) };
  const found = await place.objects.get(address);
  if (found === undefined) return undefined;
  const body = jsonIn(found.body, address, REPAIRED) as { readonly at?: unknown } | null; // checked here
  if (typeof body?.at !== "string") throw new ObjectDamaged(address.bucket, address.key, REPAIRED);
  return body.at;
};

/** Writes down that no stream of this ledger's epoch waits for its repair any more: deadlines count again. Idempotent. */
export const markRepaired = async ({
  objects,
  decisionsBucket: bucket,
  epoch,
  clock,
}: AnyLedger): Promise<void> => {
  const body = `${JSON.stringify({ at: isoInstant(clock.now()) })}\n`;
  await objects.put({
    bucket,
    key: repairedName(epoch),
    body,
    ifAbsent: true,
    contentType: "application/json",
  });
};
