import type { DecisionRecord } from "../../ledger/domain.ts";
import { KEY_REUSED } from "../../ledger/judge.ts";
import { decisionName } from "../../ledger/names.ts";
import type { PlacedDecision } from "../../ledger/place/read-placement.ts";

/** A decision of which the very text is known. `table`: from a head of the live table, as its next commit would publish it. */
export type WholeDecision = {
  readonly name: string;
  readonly from: "published" | "bundle" | "table";
  readonly text: string;
  readonly record: DecisionRecord;
};

/** A decision of which its request's copy tells. */
export type CopiedDecision = { readonly name: string; readonly placed: PlacedDecision };

export type KnownDecision = WholeDecision | CopiedDecision;

/** What both tell. */
export type Told = Pick<
  PlacedDecision,
  "key" | "digest" | "outcome" | "code" | "epoch" | "decidedAt" | "legs"
>;

export const toldOf = (known: KnownDecision): Told => ("placed" in known ? known.placed : known.record);

export const isReuse = ({ code }: Pick<Told, "code">): boolean => code === KEY_REUSED;

export const nameOfPlaced = (placed: PlacedDecision): string =>
  decisionName(placed.epoch, placed.key, isReuse(placed) ? placed.digest : undefined);

/** What must be the same wherever one decision is told. */
export const sameDecision = (one: Told, other: Told): boolean => gist(one) === gist(other);

const gist = ({ key, digest, outcome, code = "", epoch, legs }: Told): string =>
  JSON.stringify([key, digest, outcome, code, epoch, legs.map(({ stream, sequence }) => [stream, sequence])]);
