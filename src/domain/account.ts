import { type BalanceCents, balanceCents } from "./money.ts";

/** `NONE`: known from refused requests only. `FROZEN`: open, but nothing is decided until it is unfrozen. */
export type AccountStatus = "NONE" | "OPEN" | "FROZEN";

/** `deposit`: cash that waits for verification, counted nowhere. `outgoing`: a payment that lowers AVAILABLE. */
export type HoldKind = "deposit" | "outgoing";
export type Hold = { readonly kind: HoldKind; readonly amountCents: number };

/**
 * Everything a decision reads of an account. Plain JSON.
 * ACTUAL is all that is verified; AVAILABLE is ACTUAL less the outgoing payments that wait (policy P, B2-20).
 */
export type AccountState = {
  readonly status: AccountStatus;
  /** Present from opening on. */
  readonly customer?: string;
  readonly actualCents: BalanceCents;
  readonly availableCents: BalanceCents;
  /** By `flow#id` of the request that waits. */
  readonly holds: { readonly [request: string]: Hold };
};

/** What an accepted request does to one account: signed cents, holds taken and let go, opening. Plain JSON. */
export type AccountChange = {
  readonly actualCents: number;
  readonly availableCents: number;
  readonly opened: readonly {
    readonly request: string;
    readonly kind: HoldKind;
    readonly amountCents: number;
  }[];
  readonly closed: readonly string[];
  readonly status?: AccountStatus;
  readonly customer?: string;
};

/** Open holds an account may have, so that its state stays one small item (ruling 2). */
export const HOLDS_MAX = 1_000;

/** The name of a hold: flow and request id, neither of which contains `#`. */
export const holdName = (flow: HoldKind, id: string): string => `${flow}#${id}`;

export const initialState = (): AccountState => ({
  status: "NONE",
  actualCents: balanceCents(0),
  availableCents: balanceCents(0),
  holds: {},
});

export const noChange = (): AccountChange => ({ actualCents: 0, availableCents: 0, opened: [], closed: [] });

const holdsAfter = (holds: AccountState["holds"], change: AccountChange): AccountState["holds"] => {
  if (change.opened.length === 0 && change.closed.length === 0) return holds;
  const kept = Object.entries(holds).filter(([request]) => !change.closed.includes(request));
  const taken = change.opened.map(
    ({ request, kind, amountCents }) => [request, { kind, amountCents }] as const,
  );
  return Object.fromEntries([...kept, ...taken]);
};

/**
 * The account after a change.
 *
 * Throws: if a balance would leave 0 to its ceiling. No accepted decision does that, so the change is damaged or
 * not this account's.
 */
export const evolve = (state: AccountState, change: AccountChange): AccountState => {
  const customer = change.customer ?? state.customer;
  return {
    status: change.status ?? state.status,
    ...(customer === undefined ? {} : { customer }),
    actualCents: balanceCents(state.actualCents + change.actualCents),
    availableCents: balanceCents(state.availableCents + change.availableCents),
    holds: holdsAfter(state.holds, change),
  };
};

/** Open holds of an account, of both kinds. */
export const holdCount = (state: AccountState): number => Object.keys(state.holds).length;

/**
 * Which promise about balances a state breaks, if any: AVAILABLE is ACTUAL less outgoing holds, and
 * 0 <= AVAILABLE <= ACTUAL.
 *
 * Returns: a sentence, or undefined if all hold.
 * Source:  invariants of B4.3, policy P.
 */
export const brokenInvariant = (state: AccountState): string | undefined => {
  const held = Object.values(state.holds)
    .filter(hold => hold.kind === "outgoing")
    .reduce((sum, hold) => sum + hold.amountCents, 0);
  if (state.availableCents < 0) return `AVAILABLE is below zero: ${state.availableCents}`;
  if (state.availableCents !== state.actualCents - held)
    return `AVAILABLE ${state.availableCents} is not ACTUAL ${state.actualCents} less holds ${held}`;
  return holdCount(state) > HOLDS_MAX ? `more than ${HOLDS_MAX} holds are open` : undefined;
};

const optional = (text: string | undefined): string => (text === undefined ? "-" : `=${text}`);

/**
 * Every field of a change as text in a fixed order, lists led by their length, so that two changes never read alike.
 *
 * Returns: input for the chain hash, which puts a length before each text.
 * Source:  ruling 10.
 */
export const canonicalFields = (change: AccountChange): readonly string[] => [
  String(change.actualCents),
  String(change.availableCents),
  String(change.opened.length),
  ...change.opened.flatMap(hold => [hold.request, hold.kind, String(hold.amountCents)]),
  String(change.closed.length),
  ...change.closed,
  optional(change.status),
  optional(change.customer),
];

/** The post-image of a record: balances in cents and how many holds are open, never the holds themselves (ruling 2). */
export const postImage = (state: AccountState): { readonly [name: string]: number } => ({
  actualCents: state.actualCents,
  availableCents: state.availableCents,
  holdCount: holdCount(state),
});
