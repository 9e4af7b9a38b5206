import type { HoldKind } from "./account.ts";
import {
  account,
  amount,
  CUSTOMER,
  cash,
  EMPLOYEE,
  EVENT_TIME,
  type Field,
  LOCATION,
  PREVIOUS,
  REASON,
  REFERENCE,
  remote,
} from "./event-fields.ts";
import type { RefusalCode } from "./refusals.ts";

export const EVENT_TYPES = [
  "open_account",
  "cash_deposit",
  "verify_cash_deposit",
  "cash_withdrawal",
  "incoming_payment",
  "outgoing_payment_unverified",
  "outgoing_payment_verified",
  "outgoing_payment_rejected",
  "inter_account_transfer",
  "freeze_account",
  "unfreeze_account",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What a type of request asks for. The parser and the page docs/EVENTS.md are both made from this. */
export type EventDefinition = {
  readonly summary: string;
  readonly fields: readonly Field[];
  readonly effects: readonly { readonly when: string; readonly actual: string; readonly available: string }[];
  /** Codes it can be refused with besides those any request can. */
  readonly refusals: readonly RefusalCode[];
  /** The flow its decision registers an original in, under the id in its key. */
  readonly registers?: HoldKind;
  /** The flow of the original it refers to. */
  readonly settles?: HoldKind;
};

const CASH_CODES = ["UNKNOWN_DENOMINATION", "CURRENCY_SUM_MISMATCH"] as const;
const AMOUNT_CODES = [
  "INVALID_AMOUNT",
  "NON_POSITIVE_AMOUNT",
  "TOO_MANY_DECIMALS",
  "AMOUNT_TOO_LARGE",
] as const;
const ORIGINAL_CODES = ["ORIGINAL_NOT_FOUND", "ACCOUNT_MISMATCH", "ALREADY_SETTLED"] as const;

/**
 * The eleven types of request: Lab 4's eight with their sample bodies corrected, account opening, and the two that
 * close an account for a while.
 *
 * Source: canonical event bodies of B1 (L21-L28), resolutions B2-1 to B2-11, effects B4.3 policy P, ruling 24.
 */
export const EVENTS: Readonly<Record<EventType, EventDefinition>> = {
  open_account: {
    summary: "Opens an account for a customer, with nothing in it.",
    fields: [
      EVENT_TIME,
      account("AccountNumber", "the account to open"),
      { ...CUSTOMER, required: "always", describes: "whose account it is" },
    ],
    effects: [{ when: "always", actual: "0", available: "0" }],
    refusals: ["ACCOUNT_EXISTS"],
  },
  cash_deposit: {
    summary:
      "Cash paid in. From a machine it waits for verification; a teller's counts at once, and with a CustomerNumber " +
      "it opens an account that is not known (setting `autoOpen`).",
    fields: [
      EVENT_TIME,
      account("TargetAccount", "the account paid into"),
      amount("declared amount"),
      LOCATION,
      REFERENCE,
      {
        name: "Verified",
        shape: "flag",
        required: "never",
        describes: "true: counted by a teller, posts at once; false or absent: waits",
        example: false,
      },
      cash("Currency", {
        "100-euro-bills": 1,
        "20-euro-bills": 1,
        "1-euro-bills": 3,
        "20-cents": 2,
        "5-cents": 1,
      }),
      CUSTOMER,
    ],
    effects: [
      { when: "Verified is false", actual: "0", available: "0" },
      { when: "Verified is true", actual: "+ Amount", available: "+ Amount" },
    ],
    refusals: [
      ...AMOUNT_CODES,
      ...CASH_CODES,
      "UNKNOWN_ACCOUNT",
      "CUSTOMER_MISMATCH",
      "REQUEST_ID_REUSED",
      "TOO_MANY_OPEN_PAYMENTS",
    ],
    registers: "deposit",
  },
  verify_cash_deposit: {
    summary: "Settles a waiting cash deposit: posts the amount counted, or refuses the deposit as a whole.",
    fields: [
      EVENT_TIME,
      account("TargetAccount", "the deposit's account"),
      amount("counted amount; may differ from the declared one, with evidence", {
        example: "123.40",
        ifVerified: true,
      }),
      LOCATION,
      REFERENCE,
      {
        name: "Verified",
        shape: "flag",
        required: "always",
        describes: "false refuses the deposit; Amount and VerifiedCurrency are ignored then",
        example: true,
      },
      cash(
        "VerifiedCurrency",
        { "100-euro-bills": 1, "20-euro-bills": 1, "1-euro-bills": 3, "20-cents": 2 },
        { ifVerified: true },
      ),
      {
        name: "VerifiedByEmployeeId",
        shape: "text",
        required: "never",
        describes: "who counted; mandatory if the amounts differ",
        example: "1234567890",
      },
      {
        name: "FinalFinding",
        shape: "text",
        required: "never",
        describes: "why the amounts differ; mandatory if they do",
        example: "text",
      },
      PREVIOUS,
      CUSTOMER,
    ],
    effects: [
      { when: "Verified is true", actual: "+ Amount", available: "+ Amount" },
      { when: "Verified is false", actual: "0", available: "0" },
    ],
    refusals: [
      ...AMOUNT_CODES,
      ...CASH_CODES,
      "UNKNOWN_ACCOUNT",
      "CUSTOMER_MISMATCH",
      ...ORIGINAL_CODES,
      "AMOUNT_MISMATCH",
    ],
    settles: "deposit",
  },
  cash_withdrawal: {
    summary: "Cash paid out, if AVAILABLE allows it; exactly down to zero is allowed.",
    fields: [
      EVENT_TIME,
      account("SourceAccount", "the account paid from"),
      amount("amount paid out", { example: "200.00" }),
      { ...LOCATION, example: "Teller" },
      REFERENCE,
      cash("Currency", { "50-euro-bills": 4 }),
      CUSTOMER,
    ],
    effects: [{ when: "always", actual: "- Amount", available: "- Amount" }],
    refusals: [...AMOUNT_CODES, ...CASH_CODES, "UNKNOWN_ACCOUNT", "CUSTOMER_MISMATCH", "INSUFFICIENT_FUNDS"],
  },
  incoming_payment: {
    summary: "Money that arrived from another bank.",
    fields: [
      EVENT_TIME,
      account("TargetAccount", "our account, credited"),
      amount("amount received"),
      remote("SourceInstitution", "the bank it came from", "never"),
      remote("SourceAccount", "the account there; may equal one of our numbers", "never"),
      REFERENCE,
      CUSTOMER,
    ],
    effects: [{ when: "always", actual: "+ Amount", available: "+ Amount" }],
    refusals: [...AMOUNT_CODES, "UNKNOWN_ACCOUNT", "CUSTOMER_MISMATCH"],
  },
  outgoing_payment_unverified: {
    summary: "A payment to another bank, not accepted there yet: its amount is held.",
    fields: [
      EVENT_TIME,
      account("SourceAccount", "our account"),
      amount("amount to pay"),
      remote("TargetInstitution", "the bank to pay to", "always"),
      remote("TargetAccount", "the account there; not checked", "always"),
      REFERENCE,
      CUSTOMER,
    ],
    effects: [{ when: "always", actual: "0", available: "- Amount" }],
    refusals: [
      ...AMOUNT_CODES,
      "UNKNOWN_ACCOUNT",
      "CUSTOMER_MISMATCH",
      "REQUEST_ID_REUSED",
      "TOO_MANY_OPEN_PAYMENTS",
      "INSUFFICIENT_FUNDS",
    ],
    registers: "outgoing",
  },
  outgoing_payment_verified: {
    summary: "The other bank accepted the payment: what was held is gone.",
    fields: [
      EVENT_TIME,
      account("SourceAccount", "the payment's account", "never"),
      PREVIOUS,
      REFERENCE,
      CUSTOMER,
    ],
    effects: [{ when: "always", actual: "- amount of the original", available: "0" }],
    refusals: ["UNKNOWN_ACCOUNT", "CUSTOMER_MISMATCH", ...ORIGINAL_CODES],
    settles: "outgoing",
  },
  outgoing_payment_rejected: {
    summary:
      "The other bank rejected the payment: what was held is released. When applied, an accepted event.",
    fields: [
      EVENT_TIME,
      account("SourceAccount", "the payment's account", "never"),
      { ...REFERENCE, name: "Reason", describes: "why it was rejected" },
      amount("must equal the original's where given", { name: "RejectedAmount", required: "never" }),
      PREVIOUS,
      REFERENCE,
      CUSTOMER,
    ],
    effects: [{ when: "always", actual: "0", available: "+ amount of the original" }],
    refusals: [...AMOUNT_CODES, "UNKNOWN_ACCOUNT", "CUSTOMER_MISMATCH", ...ORIGINAL_CODES, "AMOUNT_MISMATCH"],
    settles: "outgoing",
  },
  inter_account_transfer: {
    summary: "Moves money between two of our accounts: two legs, one decision.",
    fields: [
      EVENT_TIME,
      { ...account("SourceAccount", "the account debited"), example: "100030" },
      account("TargetAccount", "the account credited"),
      amount("amount to move"),
      REFERENCE,
      { ...CUSTOMER, describes: "the source account's customer; must match where given" },
    ],
    effects: [
      { when: "source", actual: "- Amount", available: "- Amount" },
      { when: "target", actual: "+ Amount", available: "+ Amount" },
    ],
    refusals: [
      ...AMOUNT_CODES,
      "SAME_ACCOUNT_TRANSFER",
      "UNKNOWN_ACCOUNT",
      "CUSTOMER_MISMATCH",
      "INSUFFICIENT_FUNDS",
    ],
  },
  freeze_account: {
    summary:
      "Freezes an account: what touches it from now on waits under it and is decided once it is unfrozen. What cannot " +
      "be read, or reuses a key, is refused at once all the same.",
    fields: [EVENT_TIME, account("TargetAccount", "the account to freeze"), REASON, EMPLOYEE],
    effects: [{ when: "always", actual: "0", available: "0" }],
    refusals: ["UNKNOWN_ACCOUNT", "STATUS_UNCHANGED"],
  },
  unfreeze_account: {
    summary:
      "Unfreezes an account: what waited is decided in the order of its own time, before anything that comes later.",
    fields: [EVENT_TIME, account("TargetAccount", "the account to unfreeze"), REASON, EMPLOYEE],
    effects: [{ when: "always", actual: "0", available: "0" }],
    refusals: ["UNKNOWN_ACCOUNT", "STATUS_UNCHANGED"],
  },
};
