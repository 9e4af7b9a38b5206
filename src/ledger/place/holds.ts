import { legHash } from "../chain.ts";
import { summaryOf } from "../commit.ts";
import type { DecisionRecord } from "../domain.ts";
import type { AnyLedger } from "../ledger.ts";
import { isApplied } from "../reading.ts";
import type { Reads } from "../reads.ts";

/** Whether every leg's hash is that of what the record says: what the chains vouch for is this record and no other. */
const isWhole = ({ domain }: AnyLedger, record: DecisionRecord): boolean => {
  const { key, digest, outcome, code = "", legs } = record;
  return legs.every(({ prevHash, stream, sequence, hash, change }) => {
    const changeFields = domain.canonicalFields(change);
    return hash === legHash({ prevHash, key, digest, outcome, code, stream, sequence, changeFields });
  });
};

/**
 * Whether a published decision holds: the live table has each of its legs at its place, with the record's hash. One
 * that a restore lost does not, whoever saw it before. Of an epoch that is over the sealed manifest speaks, through the
 * catalogue of a stream that is not repaired yet; what neither knows of such an epoch is void for good.
 *
 * The caller has seen, after it read the record, that the epoch is not over: the restore that ends it will then find
 * this decision. Source: ruling "place acts only on a decision that holds".
 */
export const holds = async (ledger: AnyLedger, reads: Reads, record: DecisionRecord): Promise<boolean> =>
  isWhole(ledger, record) &&
  (await isApplied(ledger, reads, summaryOf(record))) &&
  (await isNamed(ledger, reads, record));

/**
 * Whether it is the record that the request's own row names. A request that is decided again after a restore may come to
 * the very hashes it had, which leave out epoch and time; were both placed, each would undo the other's copy.
 */
const isNamed = async (
  { rows }: AnyLedger,
  reads: Reads,
  { key, digest, epoch, decidedAt }: DecisionRecord,
): Promise<boolean> => {
  const [state, other] = await reads.items([rows.state.key({ key }), rows.reused.key({ key, digest })]);
  const first = state && rows.state.read(state).decision;
  const decision = first?.digest === digest ? first : other && rows.reused.read(other).decision;
  return decision === undefined || (decision.epoch === epoch && decision.decidedAt === decidedAt);
};
