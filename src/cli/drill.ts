import type { Counts } from "../aws/counting.ts";
import { dropTable } from "../aws/drop-table.ts";
import { DynamoStore } from "../aws/dynamo-store.ts";
import type { Drilled, Drilling } from "../replay/drill/drill.ts";
import { recordedDrill } from "../replay/drill/recorded.ts";
import { differenceText } from "../replay/verify/difference.ts";
import { cloudClock } from "./cloud-clock.ts";
import { type Connection, connect } from "./connect.ts";
import { stopFlag } from "./ingest-summary.ts";
import { type Output, Refused } from "./output.ts";
import { pointInTimeOf } from "./point-in-time.ts";
import { createProgressLine } from "./progress.ts";
import type { Stopping } from "./stopping.ts";

export type DrillOptions = {
  /** ISO instant; absent: the last one that can be restored. */
  readonly at?: string | undefined;
  readonly parallel?: number | undefined;
  readonly isTakeOver: boolean;
  readonly isAws: boolean;
};

/** Differences, faults and accounts off their chain shown to people; `--json` has all. */
const SHOWN_MAX = 20;

/**
 * `daybook drill`: restores into a scratch table, repairs, verifies, tells how long each took, and drops the table.
 *
 * Returns: 0 if the table came out equal, 1 if not or if it was stopped. Throws: `Refused`; as `recordedDrill`.
 */
export const drillCommand = async (
  options: DrillOptions,
  stopping: Stopping,
  output: Output,
): Promise<number> => {
  const connection = await connect(options.isAws);
  const line = createProgressLine();
  try {
    const isStopping = stopFlag(stopping);
    const onPhase: Drilling["onPhase"] = (doing, done, total) =>
      line.show({ doing, done, rows: done, ...(total !== undefined && { total }) });
    const drilling = { ...(await drillingOf(connection, options)), isStopping, onPhase };
    const recorded = await recordedDrill(drilling, options);
    line.close();
    if (recorded.outcome === "busy")
      throw new Refused(
        `Another drill runs since ${recorded.since}, last seen ${recorded.lastSeen}: wait for its end, or drill in its place with --take-over if it was killed.`,
      );
    if (recorded.outcome === "stopped") {
      output.talk("Stopped. The scratch table is dropped.");
      return 1;
    }
    tell(recorded.drilled, connection.clients.counts, output);
    return recorded.drilled.isEqual ? 0 : 1;
  } finally {
    line.close();
    connection.clients.close();
  }
};

const drillingOf = async (connection: Connection, { at, parallel }: DrillOptions): Promise<Drilling> => {
  const { app, clients } = connection;
  const clock = await cloudClock(connection);
  const client = await clients.dynamodb();
  return {
    ...{ at, parallel },
    ledger: { ...app.ledger, clock },
    table: app.config.table,
    tables: {
      pointInTime: await pointInTimeOf(connection),
      open: async tableName => new DynamoStore({ client, tableName }),
      drop: table => dropTable(client, clock, table),
    },
  };
};

const requestsOf = ({ requests }: Counts): Readonly<Record<"s3" | "table", number>> => {
  const sum = (service: string): number =>
    Object.entries(requests).reduce((all, [name, count]) => all + (name.startsWith(service) ? count : 0), 0);
  return { s3: sum("s3."), table: sum("dynamodb.") };
};

const tell = (drilled: Drilled, counts: Counts, output: Output): void => {
  const { at, decisions, phases, counts: repaired, perSecond, troubles, verified, isEqual } = drilled;
  const { streams, faults, differences } = verified;
  const requests = requestsOf(counts);
  if (output.isJson) {
    const { writtenItems } = counts;
    output.json({ ...drilled, requests, writtenItems });
    return;
  }
  const totalMs = phases.reduce((sum, { ms }) => sum + ms, 0);
  output.data(`Drilled the loss of the table as of ${at}.`);
  for (const { phase, ms } of phases) output.data(`  ${phase.padEnd(22)}${seconds(ms)}`);
  output.data(`  ${"in all".padEnd(22)}${seconds(totalMs)}`);
  output.data(`  decisions in S3       ${verified.decisions}, ${decisions} of them of this epoch`);
  output.data(`  repaired              ${repaired.repaired} accounts, ${repaired.decisions} decisions`);
  output.data(`  decisions a second    ${perSecond}`);
  output.data(`  requests              ${requests.s3} to S3, ${requests.table} to the table`);
  const found = [
    ...drilled.void.map(name => `In S3: ${name} follows on a decision that is missing`),
    ...troubles.map(({ reason }) => reason),
    ...faults.map(fault => `In S3: ${differenceText(fault)}`),
    ...differences.map(differenceText),
  ];
  for (const each of found.slice(0, SHOWN_MAX)) output.data(`    ${each}`);
  if (found.length > SHOWN_MAX) output.data(`    and ${found.length - SHOWN_MAX} more: --json has all`);
  output.data(
    isEqual
      ? `Equal: ${streams} accounts of the scratch table and S3.`
      : `DIFFERENT: ${found.length} differences, ${streams} accounts compared.`,
  );
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
