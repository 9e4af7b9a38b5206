import type { DecisionRecord } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { decisionName } from "../../ledger/names.ts";
import { nameOfRecord } from "../../ledger/publish.ts";
import { parseRecord } from "../../ledger/record.ts";
import type { Item } from "../../table/store.ts";
import { faultOf, type Link } from "./links.ts";

/** A page of a key's further contents; more than a handful under one key is somebody's mistake. */
const CONTENTS_PAGE = 100;
const CONTENTS_PAGES_MAX = 100;

/** A decision with its text, and the place on one stream that was asked for. */
export type FoundDecision = { readonly record: DecisionRecord; readonly text: string; readonly link: Link };

type Place = { readonly stream: string; readonly sequence: number };

/**
 * The published decision at a place, found through the row that shows it in the table. For what was decided after S3 was
 * listed. `shown`: that row; `last`: the head's text, if the place is the head's own.
 *
 * Returns: undefined if S3 has none there that is what it should be. Throws: what the ports throw.
 */
export const findDecision = async (
  ledger: AnyLedger,
  place: Place,
  { shown, last }: { readonly shown?: Item | undefined; readonly last?: string | undefined },
): Promise<FoundDecision | undefined> => {
  const key = shown && ledger.projection.legOf(shown)?.key;
  const names = key === undefined ? [] : await namesOf(ledger, place, key);
  const own = last === undefined ? undefined : decisionIn(ledger, place, { text: last });
  for (const name of new Set([...(own ? [nameOfRecord(own.record)] : []), ...names])) {
    const found = await ledger.objects.get({ bucket: ledger.decisionsBucket, key: name });
    const text = found && Buffer.from(found.body).toString("utf8");
    const decision = text === undefined ? undefined : decisionIn(ledger, place, { name, text });
    if (decision) return decision;
  }
  return undefined;
};

/** A decision from its text, if it is whole and has a leg at the place. */
export const decisionIn = (
  { domain }: AnyLedger,
  { stream, sequence }: Place,
  { name, text }: { readonly name?: string; readonly text: string },
): FoundDecision | undefined => {
  try {
    const record = parseRecord(text, name ?? stream);
    const under = name ?? nameOfRecord(record);
    const leg = record.legs.find(each => each.stream === stream && each.sequence === sequence);
    if (leg === undefined || faultOf(domain, { name: under, text }, record) !== undefined) return undefined;
    const { hash, prevHash } = leg;
    return { record, text, link: { sequence, hash, prevHash, name: under, leg } };
  } catch {
    return undefined;
  }
};

/** The name of the first content decided under the key, and of those after it that have a leg at the place. */
const namesOf = async (ledger: AnyLedger, place: Place, key: string): Promise<readonly string[]> => {
  const { store, rows, epoch } = ledger;
  const { PK, SK } = rows.reused.key({ key, digest: "~" });
  const names = [decisionName(epoch, key)];
  let cursor: string | undefined;
  for (let page = 0; page < CONTENTS_PAGES_MAX; page += 1) {
    const found = await store.query({
      partition: PK,
      from: SK.slice(0, -1),
      to: SK,
      limit: CONTENTS_PAGE,
      cursor,
    });
    for (const item of found.items) {
      const { digest, decision } = rows.reused.read(item);
      if (
        decision.legs.some(({ stream, sequence }) => stream === place.stream && sequence === place.sequence)
      )
        names.push(decisionName(epoch, key, digest));
    }
    cursor = found.cursor;
    if (cursor === undefined) break;
  }
  return names;
};
