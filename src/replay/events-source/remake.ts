import { sha256Hex } from "../../ledger/chain.ts";
import type { DecisionRecord } from "../../ledger/domain.ts";
import { type FoundRequest, requestObject } from "../../ledger/found-request.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { recordText } from "../../ledger/record.ts";
import { type ChainState, faultOf, streamIn } from "./chain-state.ts";
import { firstDigestFor, frameOf, type Remade, recordedOutcome } from "./judge-recorded.ts";
import type { CopiedDecision } from "./known-decision.ts";
import type { SealedDecisions } from "./sealed.ts";
import type { Trouble } from "./trouble.ts";

/** A decision made again. `isExact`: proved to be the very text that was lost. */
export type RemadeDecision = {
  readonly name: string;
  readonly record: DecisionRecord;
  readonly text: string;
  readonly isExact: boolean;
  readonly trouble?: Trouble;
};

export type Remakable = {
  readonly ledger: AnyLedger;
  readonly state: ChainState;
  readonly sealed: SealedDecisions;
  /** Digests of what was decided first, by key. */
  readonly firstDigests: ReadonlyMap<string, string>;
};

/**
 * Makes a lost decision again from its copy, where its streams stand. Pure.
 *
 * A decision that a sealed manifest lists is made to the byte or not at all, since whoever reads it compares. Of others
 * outcome, place and chain hash must be the recorded ones; what else differs is told.
 *
 * Returns: a trouble where it cannot be made.
 */
export const remake = (
  { ledger, state, sealed, firstDigests }: Remakable,
  { name, placed }: CopiedDecision,
  found: FoundRequest,
): RemadeDecision | Trouble => {
  const { key, recordSha256, prev } = placed;
  const not = (detail: string): Trouble => ({ kind: "not-rebuilt", key, detail });
  const wrong = placed.legs.find(({ stream }, i) => {
    const hash = prev?.[i];
    return hash !== undefined && hash !== streamIn(ledger, state, stream).hash;
  });
  if (wrong !== undefined)
    return not(`it followed on another decision on ${wrong.stream} than stands at ${wrong.sequence - 1}`);
  const frame = frameOf(ledger, placed);
  const parsed = ledger.domain.parse(requestObject(found), frame.settings);
  const firstDigest = firstDigestFor(placed, firstDigests);
  const remaking = { ledger, state, candidate: { found, parsed }, frame, firstDigest };
  const made = madeOrFault(() => recordedOutcome(remaking, placed));
  if (typeof made === "string") return not(made);
  const expected = sealed.byName.get(name)?.sha256 ?? recordSha256;
  const texts = made.map(({ record, isHonoured }) => {
    const whole = placed.replaces === undefined ? record : { ...record, replaces: placed.replaces };
    return { isHonoured, record: whole, text: recordText(whole) };
  });
  const best = texts.find(({ text }) => sha256Hex(text) === expected) ?? texts[0];
  if (best === undefined)
    return not("it was accepted, would not be now, and its copy does not tell what it changed");
  const fault = madeOrFault(() => faultOf(ledger, state, best.record));
  if (fault !== undefined) return not(fault);
  const { record, text } = best;
  const isExact = sha256Hex(text) === expected;
  if (!isExact && sealed.byName.has(name))
    return not("it is sealed, and would come out with other bytes; bring back its object from a backup");
  const trouble = troubleOf(key, best, expected !== undefined && !isExact);
  return { name, record, text, isExact, ...(trouble && { trouble }) };
};

const troubleOf = (key: string, { isHonoured, record }: Remade, isOther: boolean): Trouble | undefined => {
  if (isHonoured)
    return {
      kind: "judged-otherwise",
      key,
      detail: `kept as ${record.outcome}${record.code === undefined ? "" : ` ${record.code}`}, which the rules do not come to now`,
    };
  return isOther
    ? { kind: "inexact", key, detail: "its outcome and chain are the same, facts in its record are not" }
    : undefined;
};

/** A copy's metadata may claim a change that its stream cannot take: the domain then throws, as for any damaged change. */
const madeOrFault = <T>(make: () => T): T | string => {
  try {
    return make();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
