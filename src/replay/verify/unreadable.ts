import type { AnyLedger } from "../../ledger/ledger.ts";
import { decisionPrefix } from "../../ledger/names.ts";
import type { DecisionSummary } from "../../tracking/state.ts";

/**
 * The places of a decision of the live epoch whose object cannot be trusted, as the table has them in the rows of its
 * request; none if the table does not say.
 */
export const placesInTable = async (
  { store, rows, epoch }: AnyLedger,
  name: string,
): Promise<DecisionSummary["legs"]> => {
  const [, escaped = "", digest] =
    /^(.*?)(?:~([0-9a-f]{64}))?$/s.exec(name.slice(decisionPrefix(epoch).length)) ?? [];
  const key = escaped.replaceAll("%7E", "~").replaceAll("%25", "%");
  const rowKey = digest === undefined ? rows.state.key({ key }) : rows.reused.key({ key, digest });
  try {
    const [item] = await store.get([rowKey]);
    if (item === undefined) return [];
    const decision = digest === undefined ? rows.state.read(item).decision : rows.reused.read(item).decision;
    return decision?.epoch === epoch ? decision.legs : [];
  } catch {
    return []; // A key that no row can have, or a row that is damaged too.
  }
};
