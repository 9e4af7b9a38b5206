import { EVENTS, type EventType } from "../domain/events.ts";
import { bodyOf } from "./scenario-body.ts";
import { checkCells, checked, LINK, momentOf, type Row, TYPE } from "./scenario-cells.ts";
import { cellsOf, requestIdOf } from "./scenario-columns.ts";
import { InvalidScenario } from "./scenario-error.ts";
import { linesOf } from "./scenario-lines.ts";

/** One row of a scenario: one request. */
export type ScenarioRow = {
  /** `r0000001`, by place in the file: the id people read, whatever run id the key carries. */
  readonly requestId: string;
  readonly type: EventType;
  /** The object's key, `<type>_<id>.event`. */
  readonly key: string;
  /** The object's text: JSON on one line. */
  readonly body: string;
  /** UTC day, `YYYY-MM-DD`. */
  readonly day: string;
  /** When it happens, milliseconds since the epoch. */
  readonly atMs: number;
  /** For people: the row's own account, amount as written, and what it is about. */
  readonly account?: string;
  readonly amount?: string;
  readonly description?: string;
};

export type ScenarioDay = { readonly day: string; readonly rows: readonly ScenarioRow[] };

export type Scenario = {
  readonly fileName: string;
  /** In file order, which is the order of request ids. */
  readonly rows: readonly ScenarioRow[];
  /** In date order, the rows of a day in file order: the order in which a scenario runs. */
  readonly days: readonly ScenarioDay[];
};

/** Request ids have seven digits. */
const ROWS_MAX = 9_999_999;
/** What keys allow, and short enough to leave room in an id of 128 characters. */
const RUN_ID = /^[A-Za-z0-9-]{1,64}$/;

const rowOf = (row: Row, requestId: string): ScenarioRow => {
  checkCells(row);
  const type = checked(row, TYPE).slice(0, -1) as EventType; // The rule lists the types.
  if (EVENTS[type].settles !== undefined) checked(row, LINK);
  const moment = momentOf(row);
  const { "Reference Account": account, Amount: amount, "Transaction Description": description } = row.cells;
  return {
    requestId,
    type,
    key: `${type}_${requestId}.event`,
    body: bodyOf(type, row.cells, moment.atMs / 1000),
    ...moment,
    ...(account === undefined ? {} : { account }),
    ...(amount === undefined ? {} : { amount }),
    ...(description === undefined ? {} : { description }),
  };
};

const scenarioOf = (fileName: string, rows: readonly ScenarioRow[]): Scenario => {
  const days = Map.groupBy(rows, row => row.day);
  return {
    fileName,
    rows,
    // ISO dates sort as text.
    days: [...days.keys()].sort().map(day => ({ day, rows: days.get(day) ?? [] })),
  };
};

/**
 * Reads a scenario: a CSV file a person can edit in a spreadsheet, one request per row.
 *
 * Shape:   `fileName` is for messages only. `n/a` or an empty cell is absent; times are HHMM in UTC, with or without
 *          leading zeros; amounts are euro text and not judged here, so that a story can hold a wrong one.
 * Returns: rows with the ids of their place in the file, grouped by day.
 * Throws:  `InvalidScenario`, naming line and column, at the first cell that is against its column's rule.
 * Source:  scenario rulings 44 to 46.
 */
export const readScenario = (text: string, fileName: string): Scenario => {
  const lines = linesOf(text, fileName);
  const file = fileName;
  if (lines.length === 0)
    throw new InvalidScenario({ file, rule: "at least one row", remedy: "Add a row below the header." });
  if (lines.length > ROWS_MAX)
    throw new InvalidScenario({ file, rule: `at most ${ROWS_MAX} rows`, remedy: "Split the file." });
  const rows = lines.map(({ number, texts }, index) =>
    rowOf({ cells: cellsOf(texts), file, line: number }, requestIdOf(index + 1)),
  );
  return scenarioOf(fileName, rows);
};

/** A request of the run `runId`: its id and the id it refers to begin with the run's. */
const rowOfRun = (row: ScenarioRow, runId: string): ScenarioRow => {
  const body: { PreviousRequestIdReference?: string } = JSON.parse(row.body);
  const previous = body.PreviousRequestIdReference;
  return {
    ...row,
    key: `${row.type}_${runId}-${row.requestId}.event`,
    body:
      previous === undefined
        ? row.body
        : JSON.stringify({ ...body, PreviousRequestIdReference: `${runId}-${previous}` }),
  };
};

/**
 * The same scenario under keys of its own, for a cloud that others use too: ids and links get `<runId>-` in front.
 * The ids people read, `requestId`, stay.
 *
 * Shape:  `runId`: 1 to 64 letters, digits, `-`. The scenario is one that was read, not one that has a run id already.
 * Throws: if the run id has another shape: run ids are made by us, so that is a defect.
 * Source: ruling 43.
 */
export const withRunId = (scenario: Scenario, runId: string): Scenario => {
  if (!RUN_ID.test(runId)) throw new Error(`Expected a run id of 1 to 64 letters, digits or -, got ${runId}`);
  return scenarioOf(
    scenario.fileName,
    scenario.rows.map(row => rowOfRun(row, runId)),
  );
};
