import pMap from "p-map";
import type { DecisionRecord } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { isOfRequest, placementOf } from "../../ledger/place/placement.ts";
import { parseRecord } from "../../ledger/record.ts";
import type { ObjectAddress } from "../../ports/object-store.ts";

/** Decisions whose copies are looked for at once. */
const LOOKS_AT_ONCE = 16;

/**
 * Who knows of a decision. `acknowledged`: it is published, so whoever asked could read it. `placed`: a copy of its
 * request lies where it sent it, or did. `announced`: the world outside was told.
 */
export type Told = "acknowledged" | "placed" | "announced";

/** Whether a decision has an effect outside: the domain's word. */
export type Announces = (record: DecisionRecord) => boolean;

/** The copies of a request that lie where this decision sends it. Throws: what S3 throws. */
export const copiesOf = async (
  { objects, roles }: AnyLedger,
  record: DecisionRecord,
): Promise<readonly ObjectAddress[]> => {
  const placement = placementOf(record, roles);
  const copies: ObjectAddress[] = [];
  for (const key of placement.names) {
    const address = { bucket: placement.bucket, key };
    const found = await objects.head(address);
    if (found !== undefined && isOfRequest(placement, found.metadata)) copies.push(address);
  }
  return copies;
};

/**
 * Who knows of a decision, as far as it is recorded: in the bucket where its copy lies, in the table, which remembers
 * copies that have expired since, and in the record itself, which remembers what was announced before it.
 *
 * Throws: what the ports throw.
 */
export const toldOf = async (
  ledger: AnyLedger,
  record: DecisionRecord,
  announces: Announces,
): Promise<readonly Told[]> => {
  const isPlaced = (await copiesOf(ledger, record)).length > 0 || (await wasPlaced(ledger, record));
  const isAnnounced = record.replaces?.announced === true || (isPlaced && announces(record));
  return [
    "acknowledged",
    ...(isPlaced ? ["placed" as const] : []),
    ...(isAnnounced ? ["announced" as const] : []),
  ];
};

const wasPlaced = async ({ store, rows, roles }: AnyLedger, record: DecisionRecord): Promise<boolean> => {
  const { bucket } = placementOf(record, roles);
  const [item] = await store.get([rows.state.key({ key: record.key })]);
  return item !== undefined && rows.state.read(item).buckets[bucket] !== undefined;
};

/** `toldOf` for published decisions, by the names of their objects. Throws: what the ports throw. */
export const toldOfAll = async (
  ledger: AnyLedger,
  names: readonly string[],
  announces: Announces,
): Promise<ReadonlyMap<string, readonly Told[]>> => {
  const { objects, decisionsBucket: bucket } = ledger;
  const told = await pMap(
    names,
    async key => {
      const found = await objects.get({ bucket, key });
      if (found === undefined) throw new Error(`${key} is gone: decisions must never be deleted.`);
      const record = parseRecord(Buffer.from(found.body).toString("utf8"), key);
      return [key, await toldOf(ledger, record, announces)] as const;
    },
    { concurrency: LOOKS_AT_ONCE },
  );
  return new Map(told);
};
