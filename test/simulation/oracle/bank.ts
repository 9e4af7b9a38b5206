import type { Intent } from "../intent.ts";

/** What the bank says to one request. `delta`: cents by account, of ACTUAL and of AVAILABLE. */
export type Word = {
  readonly said: string;
  readonly delta: ReadonlyMap<string, readonly [actual: number, available: number]>;
};

type Account = { readonly customer: string; actual: number; isFrozen: boolean };
type Waiting = { readonly account: string; readonly cents: number; isOpen: boolean };

const ACCEPTED = "accepted";
const nobody = new Map<string, readonly [number, number]>();

/**
 * The bank as one clerk would run it with one book: no streams, no retries, no restores. Asked in the order in which the
 * decisions were made, it must say the same. Shares nothing with the product.
 */
export const openBank = () => {
  const accounts = new Map<string, Account>();
  const deposits = new Map<string, Waiting | "refused">();
  const payments = new Map<string, Waiting | "refused">();

  const held = (account: string): number =>
    [...payments.values()].reduce(
      (sum, each) => sum + (each !== "refused" && each.isOpen && each.account === account ? each.cents : 0),
      0,
    );
  const free = (name: string): number => (accounts.get(name)?.actual ?? 0) - held(name);

  const settlement = (
    { ref, account }: { readonly ref: string; readonly account?: string },
    registry: ReadonlyMap<string, Waiting | "refused">,
    settle: (original: Waiting) => string,
  ): string => {
    if (account !== undefined && !accounts.has(account)) return "UNKNOWN_ACCOUNT";
    const original = registry.get(ref);
    if (original === undefined) return "deferred";
    if (original === "refused") return "ORIGINAL_NOT_FOUND";
    if (account !== undefined && account !== original.account) return "ACCOUNT_MISMATCH";
    if (!original.isOpen) return "ALREADY_SETTLED";
    const said = settle(original);
    if (said === ACCEPTED) original.isOpen = false;
    return said;
  };

  const judge = (intent: Intent, id: string, autoOpen: boolean): string => {
    const known =
      "account" in intent && intent.account !== undefined ? accounts.get(intent.account) : undefined;
    const wrongCustomer =
      "customer" in intent &&
      intent.customer !== undefined &&
      known !== undefined &&
      intent.customer !== known.customer;
    switch (intent.do) {
      case "bad":
        return intent.code;
      case "open":
        if (known !== undefined) return "ACCOUNT_EXISTS";
        accounts.set(intent.account, { customer: intent.customer, actual: 0, isFrozen: false });
        return ACCEPTED;
      case "deposit": {
        if (known === undefined && !(autoOpen && intent.counted && intent.customer !== undefined))
          return "UNKNOWN_ACCOUNT";
        if (wrongCustomer) return "CUSTOMER_MISMATCH";
        const account = known ?? { customer: intent.customer ?? "", actual: 0, isFrozen: false };
        accounts.set(intent.account, account);
        if (intent.counted) account.actual += intent.cents;
        deposits.set(id, { account: intent.account, cents: intent.cents, isOpen: !intent.counted });
        return ACCEPTED;
      }
      case "verify":
        return settlement(intent, deposits, ({ account, cents }) => {
          if (intent.cents === undefined) return ACCEPTED;
          if (intent.cents !== cents && !intent.evidence) return "AMOUNT_MISMATCH";
          const book = accounts.get(account);
          if (book) book.actual += intent.cents;
          return ACCEPTED;
        });
      case "paid":
        return settlement(intent, payments, ({ account, cents }) => {
          const book = accounts.get(account);
          if (book) book.actual -= cents;
          return ACCEPTED;
        });
      case "bounced":
        return settlement(intent, payments, ({ cents }) =>
          intent.cents === undefined || intent.cents === cents ? ACCEPTED : "AMOUNT_MISMATCH",
        );
      case "receive":
      case "withdraw":
      case "pay": {
        if (known === undefined) return "UNKNOWN_ACCOUNT";
        if (wrongCustomer) return "CUSTOMER_MISMATCH";
        if (intent.do !== "receive" && free(intent.account) < intent.cents) return "INSUFFICIENT_FUNDS";
        if (intent.do === "receive") known.actual += intent.cents;
        else if (intent.do === "withdraw") known.actual -= intent.cents;
        else payments.set(id, { account: intent.account, cents: intent.cents, isOpen: true });
        return ACCEPTED;
      }
      case "transfer": {
        const target = accounts.get(intent.target);
        if (known === undefined || target === undefined) return "UNKNOWN_ACCOUNT";
        if (free(intent.account) < intent.cents) return "INSUFFICIENT_FUNDS";
        known.actual -= intent.cents;
        target.actual += intent.cents;
        return ACCEPTED;
      }
      case "freeze":
      case "unfreeze": {
        if (known === undefined) return "UNKNOWN_ACCOUNT";
        if (known.isFrozen === (intent.do === "freeze")) return "STATUS_UNCHANGED";
        known.isFrozen = intent.do === "freeze";
        return ACCEPTED;
      }
    }
  };

  /** Accounts that a request touches; those of a settlement are its original's. */
  const touched = (intent: Intent): readonly string[] => {
    if (intent.do === "bad") return [];
    if (intent.do === "transfer") return [intent.account, intent.target];
    const registry = intent.do === "verify" ? deposits : payments;
    const original = "ref" in intent ? registry.get(intent.ref) : undefined;
    const named = "account" in intent && intent.account !== undefined ? [intent.account] : [];
    return original !== undefined && original !== "refused" ? [...named, original.account] : named;
  };

  return {
    /** A deposit that is refused by itself: what settles it learns so. */
    refuseDeposit: (id: string): unknown => deposits.set(id, "refused"),
    /** Judges a request and books it. `id`: what later requests refer to it by. */
    ask: (intent: Intent, id: string, autoOpen: boolean): Word => {
      if (intent.do === "bad") return { said: intent.code, delta: nobody };
      const names = touched(intent);
      const before = names.map(name => [accounts.get(name)?.actual ?? 0, free(name)] as const);
      const said = judge(intent, id, autoOpen);
      if (said !== ACCEPTED && said !== "deferred") {
        if (intent.do === "deposit") deposits.set(id, "refused");
        if (intent.do === "pay") payments.set(id, "refused");
      }
      const delta = new Map(
        names.map((name, i) => {
          const [actual, available] = before[i] ?? [0, 0];
          return [name, [(accounts.get(name)?.actual ?? 0) - actual, free(name) - available]] as const;
        }),
      );
      return { said, delta };
    },
    isFrozen: (account: string): boolean => accounts.get(account)?.isFrozen ?? false,
    isOpen: (account: string): boolean => accounts.has(account),
    standing: (account: string): readonly [actual: number, available: number] => [
      accounts.get(account)?.actual ?? 0,
      free(account),
    ],
  };
};
