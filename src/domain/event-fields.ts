/**
 * How a field is written.
 * `account`: one of our accounts. `remote`: somebody else's, never checked. `cash`: counts by denomination.
 */
export type Shape =
  | "seconds"
  | "account"
  | "customer"
  | "amount"
  | "flag"
  | "cash"
  | "text"
  | "remote"
  | "requestId";

/**
 * `always`, `never`, or `cash`: unless the setting `currencyRequired` is off. EventTimeStamp is the exception among
 * the required: its absence is BAD_TIMESTAMP.
 */
export type Required = "always" | "never" | "cash";

export type Field = {
  readonly name: string;
  readonly shape: Shape;
  readonly required: Required;
  readonly describes: string;
  readonly example: string | number | boolean | Readonly<Record<string, number>>;
  /** Read only where `Verified` is true; ignored otherwise. */
  readonly ifVerified?: true;
};

export const EVENT_TIME: Field = {
  name: "EventTimeStamp",
  shape: "seconds",
  required: "always",
  describes: "when it happened; dates the statement, never orders decisions",
  example: 1234567890,
};
export const CUSTOMER: Field = {
  name: "CustomerNumber",
  shape: "customer",
  required: "never",
  describes: "the account's customer; must match where given",
  example: "330001001",
};
export const REFERENCE: Field = {
  name: "Reference",
  shape: "text",
  required: "never",
  describes: "what the customer reads on the statement",
  example: "text",
};
export const REASON: Field = {
  name: "Reason",
  shape: "text",
  required: "always",
  describes: "why; shown on the statement",
  example: "text",
};
export const EMPLOYEE: Field = {
  name: "EmployeeId",
  shape: "text",
  required: "never",
  describes: "who asked for it",
  example: "1234567890",
};
export const LOCATION: Field = {
  name: "LocationType",
  shape: "text",
  required: "never",
  describes: "where it took place: ATM or Teller",
  example: "ATM",
};
export const PREVIOUS: Field = {
  name: "PreviousRequestIdReference",
  shape: "requestId",
  required: "never",
  describes: "request id of the original; absent: the id in the key is the original's",
  example: "r1",
};

export const account = (name: string, describes: string, required: Required = "always"): Field => ({
  name,
  shape: "account",
  required,
  describes,
  example: "100010",
});
export const amount = (describes: string, more: Partial<Field> = {}): Field => ({
  name: "Amount",
  shape: "amount",
  required: "always",
  describes,
  example: "123.45",
  ...more,
});
export const cash = (
  name: string,
  example: Readonly<Record<string, number>>,
  more: { ifVerified?: true } = {},
): Field => ({
  name,
  shape: "cash",
  required: "cash",
  describes: "the notes and coins, by denomination; must add up to Amount",
  example,
  ...more,
});
export const remote = (name: string, describes: string, required: Required): Field => ({
  name,
  shape: "remote",
  required,
  describes,
  example: name.endsWith("Account") ? "remote" : "Remote Bank",
});
