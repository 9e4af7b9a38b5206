import type { App } from "../app.ts";
import type { AccountChange } from "../domain/account.ts";
import { printCents } from "../domain/money.ts";
import { textTable } from "../projections/text-table.ts";
import type { Step } from "../replay/verify/expected-rows.ts";
import { readLinks } from "../replay/verify/links.ts";
import { verifyStream } from "../replay/verify/verify-stream.ts";
import { Refused } from "./output.ts";
import { type Telling, unpublishedText, type VerifySummary } from "./verify.ts";

/** Enough of a hash to compare by eye; `--json` has it whole. */
const HASH_SHOWN = 12;
const COLUMNS = [
  "sequence",
  "request",
  "outcome",
  "actual",
  "available",
  "hash",
  "after",
  "available after",
  "",
];
const NUMERIC = new Set([0, 3, 4, 6, 7]);

/**
 * Compares every row of one account, and tells each decision on it: what it did, its hash, and the balances after it.
 *
 * Throws: `Refused` for an account that neither S3 nor the table knows; as `readLinks` and `verifyStream`.
 */
export const verifyAccount = async (
  { ledger }: App,
  account: string,
  { line, output, tell }: Telling,
): Promise<VerifySummary> => {
  const { links, faults } = await readLinks(ledger, {
    only: account,
    onProgress: rows => line.show({ doing: "reading decisions", done: 0, rows }),
  });
  const verified = await verifyStream(ledger, account, links.get(account) ?? []);
  line.close();
  const { steps, rows, isUnpublished, isStill } = verified;
  const differences = [...faults, ...verified.differences];
  if (steps.length === 0 && differences.length === 0)
    throw new Refused(`There is no account ${account}, neither in S3 nor in the table.`);
  const amiss = new Set(differences.map(({ sequence }) => sequence));
  const shown = steps.map(step => shownOf(step, !amiss.has(step.leg.sequence)));
  if (output.isJson) for (const each of shown) output.json({ type: "decision", account, ...each });
  else output.data(textTable(COLUMNS, shown.map(cellsOf), NUMERIC));
  tell(differences);
  const moved = isStill ? "" : "; it moved all the time, its head was not compared";
  return {
    facts: { account, decisions: steps.length, rows, unpublished: isUnpublished ? 1 : 0 },
    differences: differences.length,
    text: `account ${account}, ${rows} rows and ${steps.length} decisions in S3${unpublishedText(isUnpublished ? 1 : 0)}${moved}`,
  };
};

type Shown = {
  readonly sequence: number;
  readonly key: string;
  readonly outcome: string;
  readonly code?: string;
  readonly actualCents: number;
  readonly availableCents: number;
  readonly hash: string;
  readonly actualAfterCents: number;
  readonly availableAfterCents: number;
  readonly isEqual: boolean;
};

const shownOf = ({ record, leg }: Step, isEqual: boolean): Shown => {
  const { key, outcome, code } = record;
  const { sequence, hash, after } = leg;
  const { actualCents, availableCents } = leg.change as AccountChange; // its hash bears it out
  return {
    sequence,
    key,
    outcome,
    ...(code !== undefined && { code }),
    actualCents,
    availableCents,
    hash,
    actualAfterCents: Number(after.actualCents),
    availableAfterCents: Number(after.availableCents),
    isEqual,
  };
};

const signed = (cents: number): string => (cents > 0 ? `+${printCents(cents)}` : printCents(cents));

const cellsOf = (shown: Shown): readonly string[] => [
  String(shown.sequence),
  shown.key,
  shown.code ?? shown.outcome,
  signed(shown.actualCents),
  signed(shown.availableCents),
  shown.hash.slice(0, HASH_SHOWN),
  printCents(shown.actualAfterCents),
  printCents(shown.availableAfterCents),
  shown.isEqual ? "equal" : "DIFFERS",
];
