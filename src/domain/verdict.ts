import { type AccountChange, type AccountState, initialState } from "./account.ts";
import type { BankFacts, Refusal, RefusalCode } from "./refusals.ts";
import type { Settings } from "./settings.ts";

/** What the registry says of an original that is decided. */
export type Original = {
  readonly key: string;
  readonly stream: string;
  readonly outcome: "accepted" | "refused";
};

export type Context = {
  readonly states: ReadonlyMap<string, AccountState>;
  /** Undefined as long as the original a follow-up refers to is not decided. */
  readonly original: Original | undefined;
  readonly settings: Settings;
};

export type Leg = { readonly stream: string; readonly change: AccountChange };

export type Verdict =
  | { readonly outcome: "accepted"; readonly legs: readonly Leg[]; readonly facts: BankFacts }
  | { readonly outcome: "refused"; readonly code: RefusalCode; readonly facts: BankFacts }
  | { readonly outcome: "deferred" };

export const accepted = (legs: readonly Leg[], facts: BankFacts): Verdict => ({
  outcome: "accepted",
  legs,
  facts,
});

export const refused = ({ code, facts }: Refusal): Verdict => ({ outcome: "refused", code, facts });

/** An account never heard of is one with nothing in it. */
export const stateOf = (context: Context, account: string): AccountState =>
  context.states.get(account) ?? initialState();
