import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { ABSENT, type Cells, COLUMNS, requestIdOf } from "../src/cli/scenario-columns.ts";
import { printOutcome } from "../src/cli/scenario-outcome.ts";
import { ACCEPTED_ROWS, openAccounts } from "./large-scenario/accepted-rows.ts";
import type { Draft } from "./large-scenario/draft.ts";
import { type NumberedRow, outcomeOfRows } from "./large-scenario/oracle.ts";
import { DAYS, openPlan, type Plan, pick, ROWS } from "./large-scenario/plan.ts";
import { REFUSED_ROWS } from "./large-scenario/refused-rows.ts";

/** The committed files come from this one. */
const SEED = 20_260_401;
/** The first day, a year and a month in which every day of the plan exists. */
const FIRST_DAY = { year: 2026, month: 4, day: 1 };
const ACCEPTED_PERCENT = 80;
/** An original that never comes: the id of no row. */
const NEVER = requestIdOf(9_999_999);

type GeneratedFile = { readonly name: string; readonly text: string };

const planDay = (plan: Plan, rowsPerDay: number): void => {
  for (const account of plan.accounts) {
    account.sureCents += account.tomorrowCents;
    account.tomorrowCents = 0;
  }
  const end = plan.drafts.length + rowsPerDay;
  plan.drafts.push(...plan.owed.splice(0));
  // Every kind of row may find nothing to work on, but deposits always do: the loop ends.
  while (plan.drafts.length < end) {
    const kinds = plan.below(100) < ACCEPTED_PERCENT ? ACCEPTED_ROWS : REFUSED_ROWS;
    pick<(plan: Plan) => void>(plan, kinds)?.(plan);
  }
};

/** The first day opens the accounts, the others share the rest of the rows evenly. */
const draftRows = (seed: number): readonly Draft[] => {
  const plan = openPlan(seed);
  openAccounts(plan);
  const rowsPerDay = (ROWS - plan.drafts.length) / (DAYS - 1);
  for (plan.day = 1; plan.day < DAYS; plan.day += 1) planDay(plan, rowsPerDay);
  return plan.drafts.toSorted((a, b) => a.day - b.day || a.minute - b.minute);
};

const timeOf = (minute: number): string =>
  [Math.floor(minute / 60), minute % 60].map(part => String(part).padStart(2, "0")).join("");

const cellsOfDraft = ({ day, minute, cells }: Draft, linked: string | undefined): Cells => ({
  "Transaction Date Year": String(FIRST_DAY.year),
  "Transaction Date Month": String(FIRST_DAY.month).padStart(2, "0"),
  "Transaction Date Day": String(FIRST_DAY.day + day).padStart(2, "0"),
  "Transaction Date 24HR Time": timeOf(minute),
  ...cells,
  ...(linked === undefined ? {} : { "Linked RequestId": linked }),
});

/** Rows in order of time, numbered, their links turned into ids. */
const numberedRows = (drafts: readonly Draft[]): readonly NumberedRow[] => {
  const ids = new Map(drafts.map((draft, index) => [draft, requestIdOf(index + 1)]));
  return drafts.map((draft, index) => ({
    requestId: requestIdOf(index + 1),
    cells: cellsOfDraft(draft, draft.link === "never" ? NEVER : draft.link && ids.get(draft.link)),
  }));
};

const csvOf = (rows: readonly NumberedRow[]): string =>
  // No text of the plan holds a comma or a quote.
  [COLUMNS.join(","), ...rows.map(({ cells }) => COLUMNS.map(column => cells[column] ?? ABSENT).join(","))]
    .map(line => `${line}\n`)
    .join("");

/**
 * The large scenario and what it must come to, which a small oracle works out without the bank's own code.
 *
 * Returns: the two files' names and texts; the same seed gives the same texts.
 */
export const generatedFiles = (seed = SEED): readonly GeneratedFile[] => {
  const rows = numberedRows(draftRows(seed));
  return [
    { name: "large.csv", text: csvOf(rows) },
    { name: "large.expected.json", text: printOutcome(outcomeOfRows(rows)) },
  ];
};

/**
 * Writes the files into the folder, or with `--check` only says which of them are not as they would be written.
 *
 * Returns: the exit code: 0; 1 if a file is stale; 2 for other arguments.
 */
export const generate = (args: readonly string[], folder: URL): 0 | 1 | 2 => {
  if (args.some(argument => argument !== "--check")) {
    console.error(`Usage: ${basename(import.meta.filename)} [--check]`);
    return 2;
  }
  const files = generatedFiles().map(({ name, text }) => ({ name, text, at: new URL(name, folder) }));
  const stale = files.filter(({ at, text }) => !existsSync(at) || readFileSync(at, "utf8") !== text);
  if (args.length === 0) {
    for (const { at, text } of stale) writeFileSync(at, text);
    return 0;
  }
  for (const { name } of stale) console.error(`scenarios/${name} is stale: run npm run scenario:large.`);
  return stale.length === 0 ? 0 : 1;
};

if (import.meta.main) {
  process.exitCode = generate(process.argv.slice(2), new URL("../scenarios/", import.meta.url));
}
