import { bankTable } from "../../../src/app.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { MemoryStore } from "../../../src/local/memory-store.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { ObjectStore } from "../../../src/ports/object-store.ts";
import { type EventsOptions, restoreDecisions } from "../../../src/replay/events-source/restore-decisions.ts";
import { type BankOnThisMachine, openBank } from "../../support/bank-on-this-machine.ts";
import type { Put } from "../../support/random-requests.ts";

export const ARCHIVE = "archive";
export const REJECTED = "rejected";
export const DECISIONS = "decisions";

/** A bank whose functions decide and place what is put, in any order and twice, until all is done. `clock`: in order, by it. */
export const decidedBank = async (
  puts: readonly Put[],
  seed: number,
  clock?: Clock,
): Promise<BankOnThisMachine & { readonly store: MemoryStore }> => {
  const store = new MemoryStore(bankTable);
  const isInOrder = clock !== undefined;
  const bank = openBank(store, {
    chaos: { seed, shuffle: !isInOrder, duplicate: 0.3 },
    handlers: isInOrder ? 1 : 2,
    ...(clock && { clock }),
    placers: 1,
    receivesMax: 150,
  });
  for (const { key, body } of puts) await bank.put(key, body);
  await bank.idle();
  return { ...bank, store };
};

/** The text of every object under a prefix, by key. */
export const textsIn = async (
  objects: ObjectStore,
  bucket: string,
  prefix = "",
): Promise<Map<string, string>> => {
  const texts = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const page = await objects.list({ bucket, prefix, cursor });
    for (const { key } of page.objects)
      texts.set(key, Buffer.from((await objects.get({ bucket, key }))?.body ?? []).toString("utf8"));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return texts;
};

/** Deletes every version of what is meant, for good. */
export const deleteForGood = async (
  objects: ObjectStore,
  bucket: string,
  isMeant: (key: string) => boolean,
): Promise<void> => {
  let cursor: string | undefined;
  do {
    const page = await objects.listVersions({ bucket, cursor });
    for (const { key, versionId } of page.versions)
      if (isMeant(key)) await objects.delete({ bucket, key, versionId });
    cursor = page.cursor;
  } while (cursor !== undefined);
};

export const loseDecisions = (objects: ObjectStore, isMeant: (key: string) => boolean = () => true) =>
  deleteForGood(objects, DECISIONS, key => key.startsWith("dec/") && isMeant(key));

/** From S3 alone, without any report, unless said otherwise. */
export const replayEvents = (ledger: AnyLedger, options: Partial<EventsOptions> = {}) =>
  restoreDecisions(ledger, { reports: [], isDryRun: false, hasTable: false, ...options });
