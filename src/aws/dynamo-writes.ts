import {
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  type TransactWriteCommandInput,
} from "@aws-sdk/lib-dynamodb";
import type { Condition, Item, Write, WriteOutcome } from "../table/store.ts";

/** A condition as DynamoDB takes it: placeholders only, since attribute names may be reserved words. */
export type Expression = {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, string | number | boolean>;
};

/** `equals` begins with the item's existence, so that `equals: {}` means "there is one". */
export const expressionOf = (condition: Condition): Expression => {
  const names: Record<string, string> = { "#pk": "PK" };
  if ("absent" in condition)
    return { ConditionExpression: "attribute_not_exists(#pk)", ExpressionAttributeNames: names };
  const values: Record<string, string | number | boolean> = {};
  const terms = Object.entries(condition.equals).map(([name, value], at) => {
    names[`#n${at}`] = name;
    values[`:v${at}`] = value;
    return `#n${at} = :v${at}`;
  });
  return {
    ConditionExpression: ["attribute_exists(#pk)", ...terms].join(" AND "),
    ExpressionAttributeNames: names,
    ...(terms.length > 0 && { ExpressionAttributeValues: values }),
  };
};

type Action = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** One write as an action of a transaction. */
export const actionOf = (write: Write, tableName: string): Action => {
  const shared = { TableName: tableName, ...(write.if !== undefined && expressionOf(write.if)) };
  if ("put" in write) return { Put: { ...shared, Item: { ...write.put } } };
  if ("delete" in write) return { Delete: { ...shared, Key: keyOnly(write.delete) } };
  return { ConditionCheck: { ...shared, ...expressionOf(write.if), Key: keyOnly(write.check) } };
};

/** Only the key: callers may pass a whole item where a key is asked for. */
export const keyOnly = ({ PK, SK }: { readonly PK: string; readonly SK: string }) => ({ PK, SK });

/** DynamoDB hands back what throttling left unwritten; with the waits below, half a minute of it. */
const PUT_ROUNDS_MAX = 10;
/** Doubles with each round in which something was left. */
const PUT_WAIT_MS = 20;
const PUT_WAIT_MS_MAX = 5_000;

/**
 * Puts at most 25 items in one request, and again those that DynamoDB hands back. Throws: the service's error.
 * Source: Amazon DynamoDB API Reference, BatchWriteItem (unprocessed items, exponential backoff).
 */
export const putBatch = async (
  client: DynamoDBDocumentClient,
  tableName: string,
  items: readonly Item[],
): Promise<WriteOutcome> => {
  let left = items.map(item => ({ PutRequest: { Item: { ...item } as Record<string, unknown> } }));
  for (let round = 1; round <= PUT_ROUNDS_MAX; round += 1) {
    const command = new BatchWriteCommand({ RequestItems: { [tableName]: left } });
    const { UnprocessedItems } = await client.send(command);
    left = (UnprocessedItems?.[tableName] ?? []) as typeof left; // given back as it was sent
    if (left.length === 0) return { outcome: "committed" };
    await wait(Math.min(PUT_WAIT_MS * 2 ** round, PUT_WAIT_MS_MAX));
  }
  return { outcome: "conflict", reason: `${left.length} items unwritten after ${PUT_ROUNDS_MAX} tries` };
};

export const wait = (delayMs: number): Promise<void> => new Promise(resolve => setTimeout(resolve, delayMs));
