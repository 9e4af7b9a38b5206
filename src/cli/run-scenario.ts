import pMap from "p-map";
import type { App } from "../app.ts";
import { printCents } from "../domain/money.ts";
import type { ObjectState } from "../tracking/state.ts";
import { Refused } from "./output.ts";
import type { Scenario, ScenarioDay, ScenarioRow } from "./scenario-file.ts";
import type { ScenarioOutcome } from "./scenario-outcome.ts";

/** What a scenario is run on. */
export type Stage = {
  readonly app: App;
  /** Moves the cloud's clock to a row's time; a shared cloud's clock is left alone. */
  readonly setClock?: ((atMs: number) => void) | undefined;
  /** Resolves once nothing is visible, delayed or in flight in the project and place queues. */
  readonly idle: () => Promise<void>;
  /** Told after each day. */
  readonly onDay?: (day: ScenarioDay) => void | Promise<void>;
};

/** Objects put or read at once. */
const AT_ONCE = 8;
/** A queue may be empty for a moment between two deliveries; so often it is asked again before the day is given up. */
const DAY_CHECKS_MAX = 20;

/**
 * Runs a scenario day by day: puts the day's requests, waits until each of them is decided or parked and the queues
 * are empty, so that what is decided is placed, then the next day.
 *
 * Throws: `Refused` if a request already lies in the bucket with other content, or stays undecided.
 */
export const runScenario = async (stage: Stage, scenario: Scenario): Promise<ScenarioOutcome> => {
  for (const day of scenario.days) {
    await putDay(stage, day);
    await endOfDay(stage, day);
    await stage.onDay?.(day);
  }
  const states = await statesOf(stage.app, scenario.rows);
  const outcomes = scenario.rows.map((row, i) => [row.requestId, outcomeText(states[i])] as const);
  return { accounts: await balancesOf(stage.app, states), outcomes: Object.fromEntries(outcomes) };
};

/**
 * Puts a day's rows in file order. A batch is judged in the order of the requests' own times, so a row that steps back
 * in time waits until those before it are judged: undisturbed, a story runs as its file reads.
 */
const putDay = async (stage: Stage, { rows }: ScenarioDay): Promise<void> => {
  let previousMs = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    if (row.atMs < previousMs) await stage.idle();
    await putRow(stage, row);
    previousMs = row.atMs;
  }
};

const putRow = async ({ app, setClock }: Stage, row: ScenarioRow): Promise<void> => {
  setClock?.(row.atMs);
  const { objects } = app.ledger;
  const bucket = app.config.buckets.newEvents;
  const { outcome } = await objects.put({ bucket, key: row.key, body: row.body, ifAbsent: true });
  if (outcome === "exists") {
    throw new Refused(
      `${row.key} already lies in s3://${bucket}: run the scenario on a fresh cloud, or with a run id.`,
    );
  }
};

const statesOf = (app: App, rows: readonly ScenarioRow[]): Promise<readonly (ObjectState | undefined)[]> =>
  pMap(rows, row => readStateOf(app, row.key), { concurrency: AT_ONCE });

const readStateOf = async ({ ledger }: App, key: string): Promise<ObjectState | undefined> => {
  const [item] = await ledger.store.get([ledger.rows.state.key({ key })]);
  return item && ledger.rows.state.read(item);
};

const isSettled = (state: ObjectState | undefined): boolean =>
  state?.decision !== undefined || state?.parked !== undefined;

const endOfDay = async (stage: Stage, { day, rows }: ScenarioDay): Promise<void> => {
  for (let check = 0; check < DAY_CHECKS_MAX; check += 1) {
    await stage.idle();
    const states = await statesOf(stage.app, rows);
    if (states.every(isSettled)) return;
  }
  const states = await statesOf(stage.app, rows);
  const undecided = rows.filter((_, i) => !isSettled(states[i])).map(({ requestId }) => requestId);
  throw new Refused(
    `${undecided.length} of ${rows.length} requests of ${day} have no decision though the queue is empty (${undecided.slice(0, 5).join(", ")}): their notifications are lost.`,
  );
};

const outcomeText = (state: ObjectState | undefined): string => {
  const { decision } = state ?? {};
  if (decision === undefined) return "parked";
  return decision.code ?? decision.outcome;
};

/** Balances of the open accounts that the decisions touched, by account. */
const balancesOf = async (
  { ledger }: App,
  states: readonly (ObjectState | undefined)[],
): Promise<ScenarioOutcome["accounts"]> => {
  const legs = states.flatMap(state => state?.decision?.legs ?? []);
  const streams = [...new Set(legs.map(({ stream }) => stream))].sort();
  const balances = await pMap(
    streams,
    async stream => {
      const [item] = await ledger.store.get([ledger.rows.head.key({ stream })]);
      const state =
        item && (ledger.rows.head.read(item).state as Parameters<typeof ledger.domain.isListed>[0]);
      if (!state || !ledger.domain.isListed(state)) return [];
      const { actualCents, availableCents } = state;
      return [[stream, { actual: printCents(actualCents), available: printCents(availableCents) }] as const];
    },
    { concurrency: AT_ONCE },
  );
  return Object.fromEntries(balances.flat());
};
