import type { Item } from "../../src/table/store.ts";
import type { Intent } from "./intent.ts";
import type { Invariant } from "./invariants.ts";
import type { Decision, Leg, Standing } from "./oracle/chains.ts";

type Fail = (invariant: Invariant, what: string) => void;

const COLUMNS = [
  "EffectOnActualCents",
  "EffectOnAvailableCents",
  "BalanceActualCents",
  "BalanceAvailableCents",
] as const;

const amountsOf = ({ change, after }: Leg): readonly number[] => [
  change.actualCents,
  change.availableCents,
  after.actualCents,
  after.availableCents,
];

const shownIn = (item: Item): readonly unknown[] => COLUMNS.map(name => item[name]);

/** What a statement calls an accepted request once it is decided. */
const shownAs = (intent: Intent): "PENDING" | "VERIFIED" | "REJECTED" | undefined => {
  switch (intent.do) {
    case "deposit":
      return intent.counted ? "VERIFIED" : "PENDING";
    case "pay":
      return "PENDING";
    case "verify":
      return intent.cents === undefined ? "REJECTED" : "VERIFIED";
    case "bounced":
      return "REJECTED";
    case "withdraw":
    case "receive":
    case "paid":
    case "transfer":
      return "VERIFIED";
    default:
      return undefined;
  }
};

/** Whether a transaction is of the amount that the client meant, or settles what the client named. */
const isMeant = ({ AmountCents, OriginalEventKey }: Item, intent: Intent): boolean => {
  switch (intent.do) {
    case "verify":
    case "paid":
    case "bounced":
      return String(OriginalEventKey).endsWith(`_${intent.ref}.event`);
    default:
      return OriginalEventKey === undefined && "cents" in intent && AmountCents === intent.cents;
  }
};

/** Statements are what was decided: a line for each leg, a transaction for each that moves or holds money. */
export const checkStatements = (
  decisions: readonly Decision[],
  standings: ReadonlyMap<string, Standing>,
  items: readonly Item[],
  intentOf: (key: string) => Intent | undefined,
  fail: Fail,
): void => {
  const lines = new Map<string, Item>();
  const transactions = new Map<string, Item>();
  for (const item of items) {
    const at = `${item.PK}:${item.sequence}`;
    const kind = String(item.__edb_e__);
    const rows = { line: lines, transaction: transactions }[kind];
    if (rows?.has(at)) fail("I13", `The table shows two rows ${kind} of ${at}`);
    rows?.set(at, item);
  }
  const made = new Set<string>();
  let expected = 0;
  for (const decision of decisions)
    for (const leg of decision.legs) {
      const at = `${leg.stream}:${leg.sequence}`;
      const line = lines.get(at);
      const amounts = amountsOf(leg);
      made.add(at);
      if (line === undefined) fail("I13", `The table lacks the line ${at}`);
      else if (
        line.RequestKey !== decision.key ||
        line.outcome !== decision.outcome ||
        line.hash !== leg.hash ||
        line.code !== decision.code
      )
        fail(
          "I13",
          `the line ${at} tells of ${line.RequestKey}, ${line.outcome}, ${line.code}, ${line.hash}`,
        );
      else if (shownIn(line).join() !== amounts.join())
        fail("I13", `the line ${at} shows ${shownIn(line)}, the decision ${amounts}`);
      const intent = intentOf(decision.key);
      const shown = decision.outcome === "accepted" && intent && shownAs(intent);
      const isOver = shown === "PENDING" && !isHeld(standings.get(leg.stream), leg);
      if (!shown || isOver) continue;
      expected += 1;
      const transaction = transactions.get(at);
      if (transaction?.transactionState !== shown)
        fail("I13", `the transaction ${at} is ${transaction?.transactionState}, not ${shown}`);
      else if (shownIn(transaction).join() !== amounts.join())
        fail("I13", `the transaction ${at} shows ${shownIn(transaction)}, the decision ${amounts}`);
      else if (!isMeant(transaction, intent))
        fail(
          "I13",
          `the transaction ${at} is of ${transaction.AmountCents}, ${transaction.OriginalEventKey}`,
        );
    }
  for (const [at, { RequestKey }] of lines)
    if (!made.has(at)) fail("I14", `The table shows a line ${at} of ${RequestKey} that no decision made`);
  if (transactions.size !== expected)
    fail("I13", `the table shows ${transactions.size} transactions, decided were ${expected}`);
};

const isHeld = (standing: Standing | undefined, { change }: Leg): boolean =>
  change.opened.some(({ request }) => standing?.holds.has(request));
