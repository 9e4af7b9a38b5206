import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import type { Condition, Write } from "../table/store.ts";

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
