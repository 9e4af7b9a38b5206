import { sha256Hex } from "../../ledger/chain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import type { PlacedDecision } from "../../ledger/place/read-placement.ts";
import type { FoundWhole } from "./find-whole.ts";
import {
  type KnownDecision,
  nameOfPlaced,
  sameDecision,
  toldOf,
  type WholeDecision,
} from "./known-decision.ts";
import type { SealedDecisions } from "./sealed.ts";
import type { Trouble } from "./trouble.ts";

/** What is known, each decision once. `void`: those that no sealed manifest lists. */
export type Joined = {
  readonly known: readonly KnownDecision[];
  readonly void: number;
  readonly troubles: readonly Trouble[];
};

/** Each decision once, as the surest source tells it: its published text, a bundle's, the table's, its copy's. */
export const joinKnown = (
  { epoch }: AnyLedger,
  { byName, voids: sealedVoids }: SealedDecisions,
  whole: readonly FoundWhole[],
  placed: readonly PlacedDecision[],
): Joined => {
  const known = new Map<string, KnownDecision>();
  const troubles: Trouble[] = [];
  const voids = new Set<string>();
  const copied = placed.map(each => ({ name: nameOfPlaced(each), placed: each }));
  for (const decision of [...whole.flatMap(({ decisions }) => decisions), ...copied]) {
    const told = toldOf(decision);
    const before = known.get(decision.name);
    const line = byName.get(decision.name);
    if (line !== undefined && "text" in decision && sha256Hex(decision.text) !== line.sha256) {
      const detail = `${whereOf(decision)} has other bytes than were sealed`;
      troubles.push({ kind: "differs", key: told.key, detail });
    } else if (told.epoch < epoch && line === undefined) {
      if ("record" in decision || sealedVoids.has(decision.name)) voids.add(decision.name);
      else troubles.push({ kind: "differs", key: told.key, detail: "no sealed manifest lists its decision" });
    } else if (told.epoch > epoch)
      troubles.push({
        kind: "differs",
        key: told.key,
        detail: `it is of epoch ${told.epoch}, live is ${epoch}`,
      });
    else if (before === undefined) known.set(decision.name, decision);
    else if (!isSame(before, decision))
      troubles.push({
        kind: "differs",
        key: told.key,
        detail: `${whereOf(decision)} tells otherwise than ${whereOf(before)}`,
      });
  }
  return { known: [...known.values()], void: voids.size, troubles };
};

const isSame = (one: KnownDecision, other: KnownDecision): boolean =>
  "record" in one && "record" in other ? one.text === other.text : sameDecision(toldOf(one), toldOf(other));

const whereOf = (decision: KnownDecision): string => {
  if ("placed" in decision) return `its copy in s3://${decision.placed.copy.bucket}`;
  const where: Readonly<Record<WholeDecision["from"], string>> = {
    published: `the object ${decision.name}`,
    bundle: "its bundle",
    table: "the table",
  };
  return where[decision.from];
};
