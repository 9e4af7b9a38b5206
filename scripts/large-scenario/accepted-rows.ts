import { rowCells } from "./draft.ts";
import {
  add,
  anyAccount,
  chance,
  credit,
  DAYS,
  draftOf,
  followUp,
  originalOf,
  type Plan,
  type Span,
  signed,
  someCents,
  takeCents,
  takeOriginal,
} from "./plan.ts";

const MORNING: Span = [0, 12 * 60];
const EVENING: Span = [15 * 60, 24 * 60];

/** Opens every account, half of them by a deposit at the counter. */
export const openAccounts = (plan: Plan): void => {
  for (const account of plan.accounts) {
    const cents = 10_000 + someCents(plan);
    if (chance(plan, 50)) {
      add(plan, rowCells.opening(account.number, account.customer));
      continue;
    }
    add(plan, { ...rowCells.teller(account.number, cents), CustomerNumber: account.customer });
    credit(account, cents);
  }
};

const teller = (plan: Plan): void => {
  const [account, cents] = [anyAccount(plan), someCents(plan)];
  add(plan, signed(plan, account, rowCells.teller(account.number, cents)));
  credit(account, cents);
};

const incoming = (plan: Plan): void => {
  const [account, cents] = [anyAccount(plan), someCents(plan)];
  add(plan, signed(plan, account, rowCells.incoming(account.number, cents)));
  credit(account, cents);
};

const machine = (plan: Plan): void => {
  const [account, cents] = [anyAccount(plan), someCents(plan)];
  const draft = add(plan, signed(plan, account, rowCells.machine(account.number, cents)));
  plan.originals.push(originalOf(draft, "deposit", account, cents));
};

const withdrawal = (plan: Plan): void => {
  const account = anyAccount(plan);
  const cents = takeCents(plan, account);
  if (cents > 0) add(plan, signed(plan, account, rowCells.withdrawal(account.number, cents)));
};

const payment = (plan: Plan): void => {
  const account = anyAccount(plan);
  const cents = takeCents(plan, account);
  if (cents === 0) return;
  const draft = add(plan, signed(plan, account, rowCells.payment(account.number, cents)));
  plan.originals.push(originalOf(draft, "payment", account, cents));
};

const transfer = (plan: Plan): void => {
  const account = anyAccount(plan);
  const target = anyAccount(plan, account);
  const cents = takeCents(plan, account);
  if (cents === 0) return;
  add(plan, signed(plan, account, rowCells.transfer(account.number, target.number, cents)));
  credit(target, cents);
};

const settlement = (plan: Plan): void => {
  const found = takeOriginal(plan, original => !original.isSettled);
  if (found === undefined) return;
  const isWell = chance(plan, 75);
  found.isSettled = true;
  add(plan, followUp(found, isWell), found.draft);
  // A verified deposit credits, and so does a payment that came back.
  if (isWell === (found.flow === "deposit")) credit(found.account, found.cents);
};

/** A deposit counted at another amount than declared, with the evidence that takes. */
const correction = (plan: Plan): void => {
  const found = takeOriginal(plan, original => !original.isSettled && original.flow === "deposit");
  if (found === undefined) return;
  const counted = Math.max(5, found.cents - 5 * plan.below(20));
  const cells = rowCells.verification(found.account.number, counted);
  found.isSettled = true;
  add(plan, { ...cells, "Final Finding": "Fewer coins than declared" }, found.draft);
  credit(found.account, counted);
};

/** A verification this evening, its deposit tomorrow morning: less than a day apart. */
const earlyVerification = (plan: Plan): void => {
  const tomorrow = plan.day + 1;
  if (tomorrow >= DAYS) return;
  const [account, cents] = [anyAccount(plan), someCents(plan)];
  const deposit = draftOf(plan, rowCells.machine(account.number, cents), { span: MORNING, day: tomorrow });
  plan.owed.push(deposit);
  add(plan, rowCells.verification(account.number, cents), deposit, EVENING);
  // Nothing leans on this credit, which saves saying on which day it counts.
  const original = originalOf(deposit, "deposit", account, cents);
  plan.originals.push({ ...original, busyDay: tomorrow, isSettled: true });
};

/** Kinds of rows that are accepted, with how often each is drawn. */
export const ACCEPTED_ROWS = [
  ...[teller, incoming, machine, machine, withdrawal, withdrawal, payment, payment, transfer, transfer],
  ...[settlement, settlement, settlement, settlement, correction, earlyVerification],
] as const;
