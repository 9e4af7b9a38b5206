import fc from "fast-check";

/** One object put into the bucket. */
export type Put = { readonly key: string; readonly body: string };

/** A draft of a request: numbers that a history turns into names and amounts. */
type Draft = {
  readonly kind:
    | "teller"
    | "deposit"
    | "verify"
    | "withdraw"
    | "incoming"
    | "outgoing"
    | "accept"
    | "reject"
    | "transfer"
    | "malformed"
    | "reuse";
  readonly account: number;
  readonly other: number;
  readonly euros: number;
  readonly refersTo: number;
};

const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constantFrom(
    "teller",
    "deposit",
    "verify",
    "withdraw",
    "incoming",
    "outgoing",
    "accept",
    "reject",
    "transfer",
    "malformed",
    "reuse",
  ),
  account: fc.integer({ min: 0, max: 2 }),
  other: fc.integer({ min: 0, max: 2 }),
  euros: fc.integer({ min: 1, max: 60 }),
  refersTo: fc.integer({ min: 0, max: 29 }),
});

/** Small histories over three accounts, contended on purpose, with every kind of request and some that are none. */
export const history: fc.Arbitrary<readonly Draft[]> = fc.array(draft, { minLength: 10, maxLength: 30 });

/** The objects of a history, the openings of its three accounts first. */
export const putsOf = (drafts: readonly Draft[]): readonly Put[] => {
  const at = Math.floor(Date.now() / 1000) - 100_000;
  const account = (n: number): string => `account-${n}`;
  const id = (n: number): string => `r${n}`;
  const object = (type: string, n: number, fields: object): Put => ({
    key: `${type}_${id(n)}.event`,
    body: JSON.stringify({ EventTimeStamp: n < 100 ? at + n : at - 1, ...fields }),
  });
  const openings = [0, 1, 2].map(n =>
    object("cash_deposit", 100 + n, {
      TargetAccount: account(n),
      CustomerNumber: "1",
      Amount: "50.00",
      Verified: true,
    }),
  );
  const requestOf = (each: Draft, n: number): Put => {
    const TargetAccount = account(each.account);
    const SourceAccount = TargetAccount;
    const Amount = `${each.euros}.00`;
    const PreviousRequestIdReference = id(each.refersTo);
    const remote = { TargetInstitution: "Other", TargetAccount: "remote" };
    switch (each.kind) {
      case "teller":
        return object("cash_deposit", n, { TargetAccount, Amount, Verified: true });
      case "deposit":
        return object("cash_deposit", n, { TargetAccount, Amount, Verified: false });
      case "verify":
        return object("verify_cash_deposit", n, {
          ...{ TargetAccount, Amount, Verified: each.other > 0, PreviousRequestIdReference },
          ...{ VerifiedByEmployeeId: "7", FinalFinding: "counted" },
        });
      case "withdraw":
        return object("cash_withdrawal", n, { SourceAccount, Amount });
      case "incoming":
        return object("incoming_payment", n, { TargetAccount, Amount });
      case "outgoing":
        return object("outgoing_payment_unverified", n, { SourceAccount, Amount, ...remote });
      case "accept":
        return object("outgoing_payment_verified", n, { PreviousRequestIdReference });
      case "reject":
        return object("outgoing_payment_rejected", n, { PreviousRequestIdReference, Reason: "returned" });
      case "transfer":
        return object("inter_account_transfer", n, {
          SourceAccount,
          TargetAccount: account(each.other),
          Amount,
        });
      case "malformed":
        return {
          key: `cash_deposit_${id(n)}.event`,
          body: each.other === 0 ? "{" : `{"TargetAccount":"${TargetAccount}"}`,
        };
      case "reuse":
        return object("cash_deposit", each.refersTo, {
          TargetAccount,
          Amount,
          Verified: true,
          Reference: `${n}`,
        });
    }
  };
  return [...openings, ...drafts.map(requestOf)];
};
