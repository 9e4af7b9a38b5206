import {
  ContinuousBackupsUnavailableException,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  ResourceNotFoundException,
  TableNotFoundException,
  type Tag,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { BACKUP_TAG } from "../ports/backup-tag.ts";
import type { Clock } from "../ports/clock.ts";

/** A table takes 50 tags, ten to a page. */
const TAG_PAGES_MAX = 10;
/** Backups cannot be switched on in the first minutes of a table; ten of them. */
const BACKUP_TRIES_MAX = 60;
const BACKUP_WAIT_MS = 10_000;

type Tables = { readonly from: string; readonly to: string };

/**
 * Sets on a restored table what a restore drops and the source has: point-in-time recovery with its days, deletion
 * protection, tags. No stream and no time to live: the table uses neither on AWS; it is on demand, so nothing scales it.
 * Where the source is gone, which a snapshot outlives, the new table gets what the deployment gives the first one.
 * May be repeated. Alarms and policies that name the old table are the deployment's affair.
 */
export const keepSettings = async (client: DynamoDBClient, clock: Clock, tables: Tables): Promise<void> => {
  await backUp(client, clock, tables);
  const [from, to] = await Promise.all([tableOf(client, tables.from), tableOf(client, tables.to)]);
  if (to === undefined) throw new Error(`Expected a description of the table ${tables.to}`);
  const tags = from === undefined ? [OWN_TAG] : await tagsOf(client, from.TableArn);
  if (tags.length > 0)
    await client.send(new TagResourceCommand({ ResourceArn: to.TableArn, Tags: [...tags] }));
  const isProtected = from === undefined || from.DeletionProtectionEnabled === true;
  if (isProtected && to.DeletionProtectionEnabled !== true)
    await client.send(new UpdateTableCommand({ TableName: tables.to, DeletionProtectionEnabled: true }));
};

const OWN_TAG: Tag = { Key: BACKUP_TAG.name, Value: BACKUP_TAG.value };

const tableOf = async (client: DynamoDBClient, table: string) => {
  try {
    return (await client.send(new DescribeTableCommand({ TableName: table }))).Table;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
};

const backUp = async (client: DynamoDBClient, clock: Clock, { from, to }: Tables): Promise<void> => {
  const source = await backupsOf(client, from);
  const there = await backupsOf(client, to);
  if (there?.PointInTimeRecoveryStatus === "ENABLED") return;
  const days = source?.RecoveryPeriodInDays;
  const command = new UpdateContinuousBackupsCommand({
    TableName: to,
    PointInTimeRecoverySpecification: {
      PointInTimeRecoveryEnabled: true,
      ...(days !== undefined && { RecoveryPeriodInDays: days }),
    },
  });
  for (let tried = 1; ; tried += 1) {
    try {
      await client.send(command);
      return;
    } catch (error) {
      if (!(error instanceof ContinuousBackupsUnavailableException) || tried === BACKUP_TRIES_MAX)
        throw error;
      await clock.sleep(BACKUP_WAIT_MS);
    }
  }
};

const backupsOf = async (client: DynamoDBClient, table: string) => {
  try {
    const answer = await client.send(new DescribeContinuousBackupsCommand({ TableName: table }));
    return answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  } catch (error) {
    if (error instanceof TableNotFoundException) return undefined;
    throw error;
  }
};

const tagsOf = async (client: DynamoDBClient, table: string | undefined): Promise<readonly Tag[]> => {
  const tags: Tag[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < TAG_PAGES_MAX; page += 1) {
    const answer = await client.send(
      new ListTagsOfResourceCommand({
        ResourceArn: table,
        ...(cursor !== undefined && { NextToken: cursor }),
      }),
    );
    // Those that AWS itself gives cannot be set by others.
    tags.push(...(answer.Tags ?? []).filter(({ Key }) => Key?.startsWith("aws:") === false));
    cursor = answer.NextToken;
    if (cursor === undefined) return tags;
  }
  throw new Error(`Expected at most ${TAG_PAGES_MAX} pages of tags on ${table}`);
};
