import type { Domain } from "../../ledger/domain.ts";
import { type StreamAt, streamBegin } from "../../ledger/judge.ts";
import type { Difference } from "./difference.ts";
import type { Link } from "./links.ts";

/** A stream as its links lead through it. */
export type Walked = {
  /** The end. Its state is what the changes make of nothing, and holds only if the chain is whole. */
  readonly end: StreamAt<unknown>;
  readonly isWhole: boolean;
  /** In the order of the chain, each place once. */
  readonly links: readonly Link[];
  /** What does not follow from what is before it. */
  readonly faults: readonly Difference[];
};

type Rules = Pick<Domain<never, unknown, unknown, unknown>, "initialState" | "evolve" | "postImage">;

/**
 * Follows the links of one stream from its beginning: each must stand one place behind the one before, link to its hash,
 * and what it says came out must be what the domain says comes out. Pure.
 *
 * A link without a leg was told of when it was read; from there on states are not compared.
 */
export const walkChain = (domain: Rules, stream: string, links: readonly Link[]): Walked => {
  const ordered = links.toSorted((a, b) => a.sequence - b.sequence);
  const kept: Link[] = [];
  const faults: Difference[] = [];
  let [at, isWhole] = [streamBegin<unknown>(domain), true];
  const fault = (sequence: number, what: Difference["what"], expected: string, found: string): void => {
    faults.push({ stream, sequence, what, expected, found });
    isWhole = false;
  };
  for (const link of ordered) {
    const { sequence, hash, prevHash, leg, name } = link;
    if (sequence === at.sequence && kept.length > 0) {
      fault(sequence, "decision-changed", `${kept.at(-1)?.name} alone`, `${name} too`);
      continue;
    }
    if (sequence > at.sequence + 1)
      fault(
        at.sequence + 1,
        "decision-missing",
        `a decision at ${at.sequence + 1}`,
        `the next at ${sequence}`,
      );
    else if (prevHash !== undefined && prevHash !== at.hash)
      fault(sequence, "decision-changed", `one after the hash ${at.hash}`, `${name}, after ${prevHash}`);
    kept.push(link);
    if (leg === undefined) isWhole = false;
    const state = leg && isWhole ? evolved(domain, at.state, leg.change) : undefined;
    if (leg && isWhole) {
      const must = state === undefined ? "one that the rules admit" : JSON.stringify(domain.postImage(state));
      const is = JSON.stringify(leg.after);
      if (must !== is) fault(sequence, "decision-changed", `${name} with the outcome ${must}`, is);
    }
    at = { sequence, hash, state: state ?? at.state };
  }
  return { end: at, isWhole, links: kept, faults };
};

/** Undefined where the domain refuses: no decision does that to the state. */
const evolved = (domain: Rules, state: unknown, change: unknown): unknown => {
  try {
    return domain.evolve(state, change);
  } catch {
    return undefined;
  }
};
