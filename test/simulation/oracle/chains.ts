import { hash } from "node:crypto";
import type { Invariant } from "../invariants.ts";

export const sha256 = (data: string | Uint8Array): string => hash("sha256", data);

const lengthPrefixed = (field: string): string => `${Buffer.byteLength(field, "utf8")}:${field}`;

export type Hold = { readonly request: string; readonly kind: string; readonly amountCents: number };
/** What a leg did, as a record tells it. */
export type Change = {
  readonly actualCents: number;
  readonly availableCents: number;
  readonly opened: readonly Hold[];
  readonly closed: readonly string[];
  readonly status?: string;
  readonly customer?: string;
};
export type Leg = {
  readonly stream: string;
  readonly sequence: number;
  readonly prevHash: string;
  readonly hash: string;
  readonly change: Change;
  readonly after: {
    readonly actualCents: number;
    readonly availableCents: number;
    readonly holdCount: number;
  };
};
export type Decision = {
  readonly key: string;
  readonly digest: string;
  readonly outcome: "accepted" | "refused";
  readonly code?: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly settings: { readonly autoOpen?: boolean };
  readonly epoch: number;
  readonly decidedAt: string;
  readonly legs: readonly Leg[];
  readonly reused?: boolean;
  readonly source: { readonly eventTime: string };
};

/** Where an account stands by its chain alone. */
export type Standing = {
  sequence: number;
  hash: string;
  actualCents: number;
  availableCents: number;
  status: string;
  readonly holds: Map<string, Hold>;
};

const optional = (text: string | undefined): string => (text === undefined ? "-" : `=${text}`);

/** The hash that a leg must have: over what came before it and every field of what it did, each with its length. */
export const hashOf = (
  { key, digest, outcome, code = "" }: Decision,
  { stream, sequence, prevHash, change }: Leg,
): string =>
  sha256(
    [
      ...[prevHash, key, digest, outcome, code, stream, String(sequence)],
      ...[String(change.actualCents), String(change.availableCents), String(change.opened.length)],
      ...change.opened.flatMap(({ request, kind, amountCents }) => [request, kind, String(amountCents)]),
      ...[String(change.closed.length), ...change.closed, optional(change.status), optional(change.customer)],
    ]
      .map(lengthPrefixed)
      .join(""),
  );

const nothing = (): Standing => ({
  ...{ sequence: 0, hash: "0".repeat(64), actualCents: 0, availableCents: 0, status: "NONE" },
  holds: new Map(),
});

const isNothing = ({ actualCents, availableCents, opened, closed, status }: Change): boolean =>
  actualCents === 0 &&
  availableCents === 0 &&
  opened.length === 0 &&
  closed.length === 0 &&
  status === undefined;

/** Follows every chain from its first decision, and says what in it is wrong: by invariant, in words. */
export const followChains = (decisions: readonly Decision[]) => {
  const faults: { readonly invariant: Invariant; readonly what: string }[] = [];
  const links = new Map<string, { readonly decision: Decision; readonly leg: Leg }[]>();
  for (const decision of decisions)
    for (const leg of decision.legs)
      links.set(leg.stream, [...(links.get(leg.stream) ?? []), { decision, leg }]);
  const standings = new Map<string, Standing>();
  for (const [stream, chain] of links) {
    const at = nothing();
    standings.set(stream, at);
    for (const { decision, leg } of chain.sort((a, b) => a.leg.sequence - b.leg.sequence)) {
      const where = `${stream} at ${leg.sequence} (${decision.key})`;
      const fault = (invariant: Invariant, what: string): unknown =>
        faults.push({ invariant, what: `${where}: ${what}` });
      if (leg.sequence !== at.sequence + 1) fault("I2", `follows on ${at.sequence}`);
      if (leg.prevHash !== at.hash) fault("I2", "does not link to what comes before it");
      if (leg.hash !== hashOf(decision, leg)) fault("I2", "its hash is not that of what it says");
      const { change } = leg;
      if (decision.outcome === "refused" && !isNothing(change)) fault("I10", "a refusal changes something");
      at.sequence = leg.sequence;
      at.hash = leg.hash;
      at.actualCents += change.actualCents;
      at.availableCents += change.availableCents;
      at.status = change.status ?? at.status;
      for (const name of change.closed)
        if (!at.holds.delete(name)) fault("I5", `lets ${name} go, which nobody holds`);
      for (const hold of change.opened) at.holds.set(hold.request, hold);
      const held = [...at.holds.values()].reduce(
        (sum, each) => sum + (each.kind === "outgoing" ? each.amountCents : 0),
        0,
      );
      if (at.availableCents < 0) fault("I4", `AVAILABLE is ${at.availableCents}`);
      if (at.actualCents - at.availableCents !== held)
        fault("I5", "ACTUAL less AVAILABLE is not what is held");
      const { after } = leg;
      if (
        after.actualCents !== at.actualCents ||
        after.availableCents !== at.availableCents ||
        after.holdCount !== at.holds.size
      )
        fault("I3", "what it says came out is not what comes out");
    }
  }
  return { standings, faults };
};
