import {
  ContinuousBackupsUnavailableException,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  InvalidRestoreTimeException,
  PointInTimeRecoveryUnavailableException,
  ResourceInUseException,
  ResourceNotFoundException,
  RestoreTableToPointInTimeCommand,
  TableAlreadyExistsException,
  type TableDescription,
  TableInUseException,
  TableNotFoundException,
} from "@aws-sdk/client-dynamodb";
import { type Clock, isoInstant } from "../ports/clock.ts";
import {
  type PointInTime,
  type RestoreTableOutcome,
  type RestoreTableRequest,
  type RestoreWindow,
  refusalOf,
  wholeSecondMs,
} from "../ports/point-in-time.ts";
import { keepSettings } from "./restored-settings.ts";

/** Between two looks at the table being restored; a restore takes minutes at least. */
const LOOK_EVERY_MS = 20_000;
/** Twelve hours. Most restores end within one; AWS promises none. */
const LOOKS_MAX = 2_160;

export type AwsPointInTimeOptions = { readonly client: DynamoDBClient; readonly clock: Clock };

/**
 * Point-in-time recovery by DynamoDB itself: a new table, with what a restore drops set again as on the source.
 *
 * A restore goes on without us. Called again for the same table and second it waits for that, known by the table's own
 * restore summary, and ends with the same settings.
 *
 * Throws: the service's error; an error after twelve hours, or if the new table is not what a restore makes.
 * Source: Amazon DynamoDB API Reference, RestoreTableToPointInTime (what is not restored: auto scaling, IAM, alarms,
 * tags, streams, time to live, point-in-time recovery).
 */
export const awsPointInTime = (options: AwsPointInTimeOptions): PointInTime => ({
  window: table => windowOf(options.client, table),
  restore: request => restore(options, request),
});

const restore = async (
  { client, clock }: AwsPointInTimeOptions,
  request: RestoreTableRequest,
): Promise<RestoreTableOutcome> => {
  const { table, to, onWaiting } = request;
  if (request.torn !== undefined)
    throw new RangeError("Expected no seed: AWS tears a restore by itself, if at all");
  const atMs = wholeSecondMs(request.at);
  const startedMs = clock.now();
  const earlier = await described(client, to);
  if (earlier !== undefined && !isFrom(earlier, table, atMs)) return { outcome: "targetExists", table: to };
  if (earlier === undefined) {
    const refusal = await begin(client, request, atMs);
    if (refusal !== undefined) return refusal;
  }
  await whenActive(client, clock, { table: to, waited: () => onWaiting?.(clock.now() - startedMs) });
  if (request.isScratch !== true) {
    await keepSettings(client, clock, { from: table, to });
    await whenActive(client, clock, { table: to, waited: () => onWaiting?.(clock.now() - startedMs) });
  }
  return { outcome: "restored", table: to, at: isoInstant(atMs), wasThere: earlier !== undefined };
};

const windowOf = async (client: DynamoDBClient, table: string): Promise<RestoreWindow | undefined> => {
  const [backups, source] = await Promise.all([backupsOf(client, table), described(client, table)]);
  const { EarliestRestorableDateTime: earliest, LatestRestorableDateTime: latest } = backups ?? {};
  if (backups?.PointInTimeRecoveryStatus !== "ENABLED" || earliest === undefined || latest === undefined)
    return undefined;
  return {
    table,
    earliest: isoInstant(Math.ceil(earliest.getTime() / 1000) * 1000),
    latest: isoInstant(Math.floor(latest.getTime() / 1000) * 1000),
    bornAt: isoInstant((source?.CreationDateTime ?? earliest).getTime()),
  };
};

const backupsOf = async (client: DynamoDBClient, table: string) => {
  try {
    const answer = await client.send(new DescribeContinuousBackupsCommand({ TableName: table }));
    return answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  } catch (error) {
    if (error instanceof TableNotFoundException || error instanceof ContinuousBackupsUnavailableException)
      return undefined;
    throw error;
  }
};

const described = async (client: DynamoDBClient, table: string): Promise<TableDescription | undefined> => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: table }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

/** Asks for the restore. Returns: why not; undefined if it began, by this call or another like it. */
const begin = async (
  client: DynamoDBClient,
  { table, to }: RestoreTableRequest,
  atMs: number,
): Promise<RestoreTableOutcome | undefined> => {
  const refusal = refusalOf(table, atMs, await windowOf(client, table));
  if (refusal !== undefined) return refusal;
  try {
    await client.send(
      new RestoreTableToPointInTimeCommand({
        SourceTableName: table,
        TargetTableName: to,
        RestoreDateTime: new Date(atMs),
        // Said by us: by the guide it would be the mode at that time, by the API reference the present one.
        BillingModeOverride: "PAY_PER_REQUEST",
      }),
    );
    return undefined;
  } catch (error) {
    return await refusalAfter(client, error, { table, to, atMs });
  }
};

type Begun = { readonly table: string; readonly to: string; readonly atMs: number };

/** What an error of the restore means; undefined if the same restore is under way. Throws what means nothing here. */
const refusalAfter = async (
  client: DynamoDBClient,
  error: unknown,
  { table, to, atMs }: Begun,
): Promise<RestoreTableOutcome | undefined> => {
  if (error instanceof PointInTimeRecoveryUnavailableException || error instanceof TableNotFoundException)
    return { outcome: "noBackups", table };
  if (error instanceof InvalidRestoreTimeException) {
    // The window moved between our look and the request.
    const window = await windowOf(client, table);
    return window === undefined
      ? { outcome: "noBackups", table }
      : { outcome: "outsideWindow", table, earliest: window.earliest, latest: window.latest };
  }
  const isTaken =
    error instanceof TableAlreadyExistsException ||
    error instanceof TableInUseException ||
    error instanceof ResourceInUseException;
  const there = isTaken ? await described(client, to) : undefined;
  if (there === undefined) throw error;
  return isFrom(there, table, atMs) ? undefined : { outcome: "targetExists", table: to };
};

const isFrom = ({ RestoreSummary: summary }: TableDescription, table: string, atMs: number): boolean =>
  summary?.SourceTableArn?.endsWith(`:table/${table}`) === true &&
  summary.RestoreDateTime !== undefined &&
  Math.floor(summary.RestoreDateTime.getTime() / 1000) * 1000 === atMs;

const whenActive = async (
  client: DynamoDBClient,
  clock: Clock,
  { table, waited }: { readonly table: string; readonly waited: () => void },
): Promise<void> => {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const there = await described(client, table);
    const state = there?.TableStatus;
    if (state === "ACTIVE" && (there?.GlobalSecondaryIndexes ?? []).every(isActive)) return;
    if (state !== undefined && !PASSING.has(state))
      throw new Error(`Expected the restored table ${table} to become ACTIVE, got ${state}`);
    await clock.sleep(LOOK_EVERY_MS);
    waited();
  }
  throw new Error(`The restored table ${table} was not ready after ${LOOKS_MAX} looks`);
};

const PASSING: ReadonlySet<string> = new Set(["ACTIVE", "CREATING", "UPDATING"]);

const isActive = ({ IndexStatus }: { readonly IndexStatus?: string | undefined }): boolean =>
  IndexStatus === "ACTIVE";
