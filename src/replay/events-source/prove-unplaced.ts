import type { Candidate } from "../../ledger/canonical-order.ts";
import { sha256Hex } from "../../ledger/chain.ts";
import type { DecisionRecord } from "../../ledger/domain.ts";
import type { RecordFrame } from "../../ledger/judge.ts";
import { nameOfRecord } from "../../ledger/publish.ts";
import { recordText } from "../../ledger/record.ts";
import { judgedRecords } from "./judge-recorded.ts";
import { type KnownDecision, toldOf } from "./known-decision.ts";
import type { RemadeDecision, Remakable } from "./remake.ts";
import { contentOf } from "./sealed.ts";

/** What a later decision tells of the one before it on a stream. */
type Witness = { readonly hash: string; readonly decidedAt: string };

const placeText = (stream: string, sequence: number): string => `${stream} ${sequence}`;

const prevOf = (known: KnownDecision): readonly (string | undefined)[] =>
  "placed" in known ? (known.placed.prev ?? []) : known.record.legs.map(({ prevHash }) => prevHash);

/** The hashes of lost decisions, as those that followed them tell. */
const witnessesOf = (waiting: Iterable<KnownDecision>): ReadonlyMap<string, Witness> => {
  const witnesses = new Map<string, Witness>();
  for (const known of waiting) {
    const { legs, decidedAt } = toldOf(known);
    for (const [i, { stream, sequence }] of legs.entries()) {
      const hash = prevOf(known)[i];
      if (hash !== undefined) witnesses.set(placeText(stream, sequence - 1), { hash, decidedAt });
    }
  }
  return witnesses;
};

/**
 * The decision over a request that has no copy, if what followed it proves which it was: judged where its streams stand,
 * it must get, on each of its streams, the very hash that the next decision there followed on, or be listed by a sealed
 * manifest. So one that was told and not yet placed when all was lost is not judged anew behind its successors.
 *
 * The time it was decided is not told by a successor: that of the successor is taken, which is outside the hash.
 * Returns: undefined if nothing proves any. Pure.
 */
export const prove = (
  { ledger, state, sealed, firstDigests }: Remakable,
  candidate: Candidate<unknown>,
  waiting: ReadonlySet<KnownDecision>,
): RemadeDecision | undefined => {
  const { key } = candidate.found.seen;
  const { digest } = candidate.found;
  const line = sealed.byContent.get(contentOf({ key, digest }));
  const { domain, settings, epoch } = ledger;
  const frame: RecordFrame = {
    epoch: line === undefined ? epoch : Number(line.name.split("/")[1]),
    decidedAt: line?.decidedAt ?? "",
    rules: domain.rules,
    settings,
  };
  const first = firstDigests.get(key);
  const records = judgedRecords({
    ...{ ledger, state, candidate, frame },
    firstDigest: first === digest ? undefined : first,
  });
  if (line !== undefined) {
    const exact = records
      .map(record => ({ record, text: recordText(record) }))
      .find(({ text }) => sha256Hex(text) === line.sha256);
    return exact && { name: line.name, ...exact, isExact: true };
  }
  const witnesses = witnessesOf(waiting);
  for (const record of records) {
    const decidedAt = provenAt(record, witnesses);
    if (decidedAt === undefined) continue;
    const dated = { ...record, decidedAt };
    return { name: nameOfRecord(dated), record: dated, text: recordText(dated), isExact: false };
  }
  return undefined;
};

/** When at the latest it was decided; undefined if it is not proved. */
const provenAt = ({ legs }: DecisionRecord, witnesses: ReadonlyMap<string, Witness>): string | undefined => {
  const found = legs.map(({ stream, sequence, hash }) => {
    const witness = witnesses.get(placeText(stream, sequence));
    return { witness, isRight: witness?.hash === hash };
  });
  // Of each leg: where one is proved, the other may still have had something before it that is lost as well.
  if (!found.every(({ isRight }) => isRight)) return undefined;
  return found
    .flatMap(({ witness }) => witness?.decidedAt ?? [])
    .sort()
    .at(0);
};
