import type { Cells, Column } from "../../src/cli/scenario-columns.ts";
import type { ScenarioOutcome } from "../../src/cli/scenario-outcome.ts";

/** A row with its request id. */
export type NumberedRow = { readonly requestId: string; readonly cells: Cells };

type Account = { readonly customer: string; actual: bigint; available: bigint };
type Original = {
  readonly account: string;
  readonly cents: bigint;
  state: "waits" | "settled" | "refused";
};

/**
 * A second, smaller bank that says what the large scenario must come to: whole cents as bigint, one row after the
 * other, nothing shared with the bank itself. It knows only the rules the plan makes use of.
 */
type Oracle = {
  readonly accounts: Map<string, Account>;
  readonly originals: Map<string, Original>;
  readonly waiting: Map<string, readonly NumberedRow[]>;
  readonly outcomes: Map<string, string>;
};

const PIECES: readonly (readonly [Column, bigint])[] = [
  ["Notes-100", 10_000n],
  ["Notes-50", 5_000n],
  ["Notes-20", 2_000n],
  ["Notes-10", 1_000n],
  ["Coins-50", 50n],
  ["Coins-20", 20n],
  ["Coins-10", 10n],
  ["Coins-5", 5n],
];
const TYPES_WITHOUT_AMOUNT = ["open_account_", "outgoing_payment_verified_", "outgoing_payment_rejected_"];

const typeOf = (cells: Cells): string => cells["Transaction Type"] ?? "";
const isPostedAtOnce = (cells: Cells): boolean =>
  typeOf(cells) === "cash_deposit_" && cells["Instant Verify Flag"] === "true";
const centsOf = (cells: Cells): bigint => BigInt((cells.Amount ?? "").replace(".", ""));
const euroOf = (cents: bigint): string => `${cents / 100n}.${String(cents % 100n).padStart(2, "0")}`;
/** Deposits and payments have request ids of their own. */
const originalName = (cells: Cells, requestId: string): string =>
  `${typeOf(cells).includes("cash_deposit_") ? "deposit" : "payment"} ${requestId}`;

const amountFault = ({ Amount: amount }: Cells): string | undefined => {
  if (amount === undefined) return "MISSING_FIELD";
  if (/^\d+\.\d{3,}$/.test(amount)) return "TOO_MANY_DECIMALS";
  if (!/^\d+\.\d{2}$/.test(amount)) return "INVALID_AMOUNT";
  return amount === "0.00" ? "NON_POSITIVE_AMOUNT" : undefined;
};

const cashFault = (cells: Cells): string | undefined => {
  const counted = PIECES.reduce((sum, [column, unit]) => sum + BigInt(cells[column] ?? "0") * unit, 0n);
  return counted > 0n && counted !== centsOf(cells) ? "CURRENCY_SUM_MISMATCH" : undefined;
};

/** What is wrong with a row by itself, of the faults the plan makes. */
const faultOf = (cells: Cells): string | undefined => {
  if (TYPES_WITHOUT_AMOUNT.includes(typeOf(cells))) return undefined;
  const isToItself = cells["Destination Account Reference"] === cells["Reference Account"];
  return amountFault(cells) ?? cashFault(cells) ?? (isToItself ? "SAME_ACCOUNT_TRANSFER" : undefined);
};

const move = (account: Account, actual: bigint, available: bigint): "accepted" => {
  account.actual += actual;
  account.available += available;
  return "accepted";
};

const open = (oracle: Oracle, cells: Cells, cents: bigint): "accepted" => {
  const { "Reference Account": number = "", CustomerNumber: customer = "" } = cells;
  oracle.accounts.set(number, { customer, actual: cents, available: cents });
  return "accepted";
};

const settle = (oracle: Oracle, cells: Cells, original: Original): string => {
  const account = oracle.accounts.get(original.account);
  if (original.state === "refused" || account === undefined) return "ORIGINAL_NOT_FOUND";
  if (cells["Reference Account"] !== original.account) return "ACCOUNT_MISMATCH";
  if (original.state === "settled") return "ALREADY_SETTLED";
  const { cents } = original;
  const counted = cells["Instant Verify Flag"] === "true" ? centsOf(cells) : 0n;
  const isExplained = cells["Final Finding"] !== undefined;
  if (counted > 0n && counted !== cents && !isExplained) return "AMOUNT_MISMATCH";
  original.state = "settled";
  if (typeOf(cells) === "outgoing_payment_verified_") return move(account, -cents, 0n);
  if (typeOf(cells) === "outgoing_payment_rejected_") return move(account, 0n, cents);
  return move(account, counted, counted);
};

const debit = (oracle: Oracle, cells: Cells, account: Account): string => {
  const cents = centsOf(cells);
  const isTransfer = typeOf(cells) === "inter_account_transfer_";
  const target = oracle.accounts.get(cells["Destination Account Reference"] ?? "");
  if (isTransfer && target === undefined) return "UNKNOWN_ACCOUNT";
  if (account.available < cents) return "INSUFFICIENT_FUNDS";
  if (isTransfer && target !== undefined) move(target, cents, cents);
  return move(account, typeOf(cells) === "outgoing_payment_unverified_" ? 0n : -cents, -cents);
};

/** The outcome of a row that is well-formed and whose account is open; absent while it waits for its original. */
const post = (oracle: Oracle, cells: Cells, account: Account): string | undefined => {
  const link = cells["Linked RequestId"];
  if (link !== undefined) {
    const original = oracle.originals.get(originalName(cells, link));
    return original && settle(oracle, cells, original);
  }
  if (typeOf(cells) === "cash_deposit_" && !isPostedAtOnce(cells)) return "accepted";
  const isCredit = ["cash_deposit_", "incoming_payment_"].includes(typeOf(cells));
  return isCredit ? move(account, centsOf(cells), centsOf(cells)) : debit(oracle, cells, account);
};

const outcomeOf = (oracle: Oracle, cells: Cells): string | undefined => {
  const fault = faultOf(cells);
  if (fault !== undefined) return fault;
  const account = oracle.accounts.get(cells["Reference Account"] ?? "");
  const customer = cells.CustomerNumber;
  if (typeOf(cells) === "open_account_") return account ? "ACCOUNT_EXISTS" : open(oracle, cells, 0n);
  if (account === undefined)
    return isPostedAtOnce(cells) && customer ? open(oracle, cells, centsOf(cells)) : "UNKNOWN_ACCOUNT";
  if (customer !== undefined && customer !== account.customer) return "CUSTOMER_MISMATCH";
  return post(oracle, cells, account);
};

/** Remembers a deposit or payment by its id. Returns: the rows that waited for it. */
const register = (
  oracle: Oracle,
  { requestId, cells }: NumberedRow,
  outcome: string,
): readonly NumberedRow[] => {
  if (!["cash_deposit_", "outgoing_payment_unverified_"].includes(typeOf(cells))) return [];
  const name = originalName(cells, requestId);
  const isAccepted = outcome === "accepted";
  oracle.originals.set(name, {
    account: cells["Reference Account"] ?? "",
    cents: isAccepted ? centsOf(cells) : 0n,
    state: !isAccepted ? "refused" : isPostedAtOnce(cells) ? "settled" : "waits",
  });
  return oracle.waiting.get(name) ?? [];
};

const judge = (oracle: Oracle, row: NumberedRow): void => {
  const outcome = outcomeOf(oracle, row.cells);
  oracle.outcomes.set(row.requestId, outcome ?? "parked");
  if (outcome === undefined) {
    const name = originalName(row.cells, row.cells["Linked RequestId"] ?? "");
    oracle.waiting.set(name, [...(oracle.waiting.get(name) ?? []), row]);
    return;
  }
  for (const follower of register(oracle, row, outcome)) judge(oracle, follower);
};

/** What a scenario must come to, its rows being judged one after the other. */
export const outcomeOfRows = (rows: readonly NumberedRow[]): ScenarioOutcome => {
  const oracle: Oracle = {
    accounts: new Map(),
    originals: new Map(),
    waiting: new Map(),
    outcomes: new Map(),
  };
  for (const row of rows) judge(oracle, row);
  const balances = [...oracle.accounts].map(
    ([number, { actual, available }]) =>
      [number, { actual: euroOf(actual), available: euroOf(available) }] as const,
  );
  return { accounts: Object.fromEntries(balances), outcomes: Object.fromEntries(oracle.outcomes) };
};
