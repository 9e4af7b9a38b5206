import { rowCells } from "./draft.ts";
import {
  add,
  anyAccount,
  chance,
  DAYS,
  followUp,
  originalOf,
  type Plan,
  pick,
  someCents,
  takeOriginal,
} from "./plan.ts";

/** More than all accounts together ever hold. */
const FAR_TOO_MUCH_CENTS = 900_000_000;
const NO_ACCOUNT = "209999";
const NO_CUSTOMER = "449999";

/** A payment without funds; its follow-ups will find no original. */
const unfunded = (plan: Plan): void => {
  const account = anyAccount(plan);
  const cents = FAR_TOO_MUCH_CENTS + someCents(plan);
  const draft = add(plan, rowCells.payment(account.number, cents));
  plan.refusedOriginals.push(originalOf(draft, "payment", account, cents));
};

/** A withdrawal or transfer without funds. */
const overdrawn = (plan: Plan): void => {
  const account = anyAccount(plan);
  const cents = FAR_TOO_MUCH_CENTS + someCents(plan);
  const target = anyAccount(plan, account);
  add(
    plan,
    chance(plan, 50)
      ? rowCells.withdrawal(account.number, cents)
      : rowCells.transfer(account.number, target.number, cents),
  );
};

/** A deposit whose notes make up another amount. */
const miscounted = (plan: Plan): void => {
  const [account, cents] = [anyAccount(plan), someCents(plan)];
  const draft = add(plan, { ...rowCells.machine(account.number, cents), Amount: "400.05" });
  plan.refusedOriginals.push(originalOf(draft, "deposit", account, cents));
};

const ofRefused = (plan: Plan): void => {
  const found = pick(plan, plan.refusedOriginals);
  if (found !== undefined) add(plan, followUp(found, true), found.draft);
};

/** A second settlement, at least a day after the first. */
const repeated = (plan: Plan): void => {
  const found = takeOriginal(plan, original => original.isSettled && original.busyDay < plan.day);
  if (found !== undefined) add(plan, followUp(found, chance(plan, 50)), found.draft);
};

const misnamed = (plan: Plan): void => {
  const found = takeOriginal(plan, original => !original.isSettled);
  if (found === undefined) return;
  const { number } = anyAccount(plan, found.account);
  add(plan, { ...followUp(found, true), "Reference Account": number }, found.draft);
};

/** A deposit counted at another amount, and nobody says why. */
const unexplained = (plan: Plan): void => {
  const found = takeOriginal(plan, original => !original.isSettled && original.flow === "deposit");
  if (found === undefined) return;
  add(plan, rowCells.verification(found.account.number, found.cents + 5), found.draft);
};

const malformed = (plan: Plan): void => {
  const { Amount: _, ...bare } = rowCells.incoming(anyAccount(plan).number, 5);
  const amount = pick(plan, ["0.00", "1.005", "12;50", undefined]);
  add(plan, amount === undefined ? bare : { ...bare, Amount: amount });
};

const misdirected = (plan: Plan): void => {
  const { number, customer } = anyAccount(plan);
  const cells = pick(plan, [
    rowCells.incoming(NO_ACCOUNT, someCents(plan)),
    rowCells.transfer(number, NO_ACCOUNT, 5),
    rowCells.transfer(number, number, 5),
    rowCells.opening(number, customer),
    { ...rowCells.teller(number, someCents(plan)), CustomerNumber: NO_CUSTOMER },
  ]);
  if (cells !== undefined) add(plan, cells);
};

/** A verification whose deposit never comes: on the last day only, so that it ends parked. */
const orphaned = (plan: Plan): void => {
  if (plan.day < DAYS - 1) return;
  add(plan, rowCells.verification(anyAccount(plan).number, someCents(plan)), "never");
};

/** Kinds of rows that are refused, or parked, with how often each is drawn. */
export const REFUSED_ROWS = [
  ...[unfunded, overdrawn, miscounted, ofRefused, ofRefused, repeated, repeated],
  ...[misnamed, unexplained, malformed, malformed, misdirected, misdirected, orphaned, orphaned],
] as const;
