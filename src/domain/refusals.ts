/** Why a request is refused, for good: one line of meaning, one line of advice. */
const CODES = {
  BAD_KEY: {
    means: "The key names a known type, but its id, length or folder is not allowed.",
    advice: "Put the request again as `<type>_<id>.event` at the root, id of letters, digits, `.`, `_`, `-`.",
  },
  UNKNOWN_EVENT_TYPE: {
    means: "The key begins with none of the known types.",
    advice: "Correct the type in the key, or keep other files out of the bucket.",
  },
  OBJECT_TOO_LARGE: {
    means: "The object is larger than 64 KiB; it was not read.",
    advice: "Send the request without attachments, under a new id.",
  },
  OBJECT_UNREADABLE: {
    means: "The object lay in a cold storage class when it was to be decided; it was not read.",
    advice: "Send the request in a class that can be read at once, under a new id.",
  },
  MALFORMED_JSON: {
    means: "The object is not one JSON object in UTF-8.",
    advice: "Correct the channel that wrote it and send the request under a new id.",
  },
  DUPLICATE_JSON_KEY: {
    means: "A field occurs twice, so it is unclear which one is meant.",
    advice: "Send each field once, under a new id.",
  },
  MISSING_FIELD: {
    means: "A required field is absent.",
    advice: "Add the field named in the facts and send the request under a new id.",
  },
  INVALID_FIELD: {
    means: "A field is there, but not in its shape.",
    advice: "Correct the field named in the facts and send the request under a new id.",
  },
  INVALID_AMOUNT: {
    means: "An amount is not decimal text, or a count of notes or coins is no whole number.",
    advice: 'Write amounts as text with a point, such as `"123.45"`.',
  },
  NON_POSITIVE_AMOUNT: {
    means: "The amount is zero or negative.",
    advice: "Send a positive amount; to refuse a deposit, verify it with `Verified: false`.",
  },
  TOO_MANY_DECIMALS: {
    means: "The amount has more than two decimals; nothing is ever rounded.",
    advice: "Send at most two decimals.",
  },
  AMOUNT_TOO_LARGE: {
    means: "The amount has more than 13 digits before the point, or would lift the balance over its ceiling.",
    advice: "Check the amount with the customer.",
  },
  UNKNOWN_DENOMINATION: {
    means: "A note or coin is named that does not exist.",
    advice: "Use the denominations of the cash table.",
  },
  CURRENCY_SUM_MISMATCH: {
    means: "Notes and coins do not add up to the amount.",
    advice: "Count again and send the request under a new id.",
  },
  BAD_TIMESTAMP: {
    means:
      "EventTimeStamp is absent, not whole seconds, or over five minutes ahead of the time S3 stored the object.",
    advice: "Send whole seconds since 1970 in UTC; check the channel's clock.",
  },
  SAME_ACCOUNT_TRANSFER: {
    means: "Source and target of the transfer are one account.",
    advice: "Correct one of the two accounts.",
  },
  UNKNOWN_ACCOUNT: {
    means: "The account is not open here.",
    advice: "Open it first, or correct the number.",
  },
  ACCOUNT_EXISTS: {
    means: "The account to be opened is open already; nothing was changed.",
    advice: "Use the account, or open one under another number.",
  },
  STATUS_UNCHANGED: {
    means: "The account to be frozen is frozen already, or the one to be unfrozen is not frozen.",
    advice: "None: the account is as it was to be.",
  },
  CUSTOMER_MISMATCH: {
    means: "The CustomerNumber is not the account's.",
    advice: "Check who asked for this before sending it again.",
  },
  ORIGINAL_NOT_FOUND: {
    means: "The request it refers to was refused, or did not come before the deadline.",
    advice: "Send the original first, or correct the id it refers to.",
  },
  REQUEST_ID_REUSED: {
    means: "Another request of this flow has this id and is still open.",
    advice: "Give every request its own id.",
  },
  ACCOUNT_MISMATCH: {
    means: "The account named is not the one of the original.",
    advice: "Name the original's account, or leave the field out where it is optional.",
  },
  ALREADY_SETTLED: {
    means: "The original is settled: verified or rejected before, or posted at once.",
    advice:
      "None for a repetition. If money left after a rejection, or came back after a verification, " +
      "correct it by a payment of its own.",
  },
  AMOUNT_MISMATCH: {
    means: "The amount differs from the original's without the evidence that allows it.",
    advice: "For a deposit add FinalFinding and VerifiedByEmployeeId; a payment is rejected only as a whole.",
  },
  TOO_MANY_OPEN_PAYMENTS: {
    means: "1,000 deposits and payments of this account wait to be settled.",
    advice: "Settle what is open first.",
  },
  INSUFFICIENT_FUNDS: {
    means: "AVAILABLE is less than the amount.",
    advice: "Pay in first; cash that is not verified does not count.",
  },
  KEY_REUSED: {
    means: "The key was decided with other content before; that decision stands.",
    advice: "Send corrected content under a new id.",
  },
  OBJECT_GONE: {
    means: "The object's bytes were gone before anybody could read them.",
    advice: "Send the request again under a new id and find out who deleted it.",
  },
} as const;

export type RefusalCode = keyof typeof CODES;
export type RefusalText = { readonly means: string; readonly advice: string };

/** Every refusal code, in the order in which a request is checked; the last two are the machinery's. */
export const REFUSALS: Readonly<Record<RefusalCode, RefusalText>> = CODES;

/** Facts of a decision: plain JSON values by name. */
export type BankFacts = { readonly [name: string]: string | number | boolean };

export type Refusal = { readonly code: RefusalCode; readonly facts: BankFacts };

export const refusal = (code: RefusalCode, facts: BankFacts = {}): Refusal => ({ code, facts });
