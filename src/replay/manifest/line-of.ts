import { sha256Hex } from "../../ledger/chain.ts";
import type { DecisionRecord } from "../../ledger/domain.ts";
import type { ManifestLine } from "./manifest.ts";

/** The manifest line of a published decision. `text`: the very bytes of its object. */
export const lineOf = (name: string, text: string, record: DecisionRecord): ManifestLine => ({
  name,
  sha256: sha256Hex(text),
  key: record.key,
  digest: record.digest,
  outcome: record.outcome,
  decidedAt: record.decidedAt,
  legs: record.legs.map(({ stream, sequence, hash, prevHash }) => ({ stream, sequence, hash, prevHash })),
});
