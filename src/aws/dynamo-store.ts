import { randomUUID } from "node:crypto";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
} from "@aws-sdk/lib-dynamodb";
import pMap from "p-map";
import { cursorOf, type Position, positionOf } from "../table/cursor.ts";
import { checkKey, keyText, storableItems, storableTransaction, storableWrite } from "../table/storable.ts";
import {
  GET_KEYS_MAX,
  type Item,
  type Key,
  type Page,
  PUTS_PER_REQUEST_MAX,
  type Query,
  type Store,
  type Write,
  type WriteOutcome,
} from "../table/store.ts";
import { compareUtf8 } from "../table/utf8-order.ts";
import { outcomeOf } from "./dynamo-outcome.ts";
import { actionOf, expressionOf, keyOnly, putBatch, wait } from "./dynamo-writes.ts";

/** DynamoDB hands back unread keys when throttled, or past 16 MB; at most 100 keys of 400 KB make three answers. */
const GET_ROUNDS_MAX = 10;
/** Doubles with each round in which nothing was read. */
const GET_WAIT_MS = 20;
/** Twice as fast as one after the other on DynamoDB Local, and far below what a table on demand takes. */
const PUT_REQUESTS_AT_ONCE = 8;

/**
 * The table on DynamoDB.
 *
 * Transactions carry a token that stays the same over the SDK's own retries, so that a retry of one that happened
 * answers "committed". A single write has no such token: see `outcomeOf`.
 */
export class DynamoStore implements Store {
  readonly tableName: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(options: { readonly client: DynamoDBClient; readonly tableName: string }) {
    this.tableName = options.tableName;
    this.#client = DynamoDBDocumentClient.from(options.client, {
      marshallOptions: { removeUndefinedValues: true },
    });
  }

  async get(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    const wanted = new Map(keys.map(key => [keyText(key), keyOnly(key)]));
    if (wanted.size > GET_KEYS_MAX)
      throw new RangeError(`Expected at most ${GET_KEYS_MAX} keys, got ${wanted.size}`);
    for (const key of wanted.values()) checkKey(key);
    const found = await this.#read([...wanted.values()]);
    return keys.map(key => found.get(keyText(key)));
  }

  async write(write: Write): Promise<WriteOutcome> {
    const valid = storableWrite(write);
    // There is no single check; a transaction of one is the same.
    if ("check" in valid) return await this.transact([valid]);
    const shared = { TableName: this.tableName, ...(valid.if !== undefined && expressionOf(valid.if)) };
    return await outcome("single", () =>
      "put" in valid
        ? this.#client.send(new PutCommand({ ...shared, Item: { ...valid.put } }))
        : this.#client.send(new DeleteCommand({ ...shared, Key: keyOnly(valid.delete) })),
    );
  }

  async transact(writes: readonly Write[]): Promise<WriteOutcome> {
    const TransactItems = storableTransaction(writes).map(write => actionOf(write, this.tableName));
    const command = new TransactWriteCommand({ TransactItems, ClientRequestToken: randomUUID() });
    return await outcome("transaction", () => this.#client.send(command));
  }

  async putAll(items: readonly Item[]): Promise<WriteOutcome> {
    const batches = slices(storableItems(items), PUTS_PER_REQUEST_MAX);
    const outcomes = await pMap(
      batches,
      batch => attempt("single", () => putBatch(this.#client, this.tableName, batch)),
      { concurrency: PUT_REQUESTS_AT_ONCE },
    );
    return outcomes.find(each => each.outcome !== "committed") ?? { outcome: "committed" };
  }

  async query(query: Query): Promise<Page> {
    if (query.limit !== undefined && !(query.limit >= 1))
      throw new RangeError(`Expected a limit from 1 on, got ${query.limit}`);
    const after = startAfter(query.cursor);
    const expression = keyExpression(query);
    if (expression === undefined) return { items: [] };
    const { Items, LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.tableName,
        ...expression,
        ...(query.index === undefined ? { ConsistentRead: true } : { IndexName: query.index.name }),
        ScanIndexForward: query.newestFirst !== true,
        ...(query.limit !== undefined && { Limit: query.limit }),
        ...after,
      }),
    );
    return pageOf(Items, LastEvaluatedKey);
  }

  async scan(request: {
    readonly segment: number;
    readonly segments: number;
    readonly cursor?: string | undefined;
  }): Promise<Page> {
    const { Items, LastEvaluatedKey } = await this.#client.send(
      new ScanCommand({
        TableName: this.tableName,
        ConsistentRead: true,
        Segment: request.segment,
        TotalSegments: request.segments,
        ...startAfter(request.cursor),
      }),
    );
    return pageOf(Items, LastEvaluatedKey);
  }

  async #read(keys: readonly Key[]): Promise<ReadonlyMap<string, Item>> {
    const found = new Map<string, Item>();
    let left = [...keys];
    for (let round = 1; left.length > 0; round += 1) {
      const { Responses, UnprocessedKeys } = await this.#client.send(
        new BatchGetCommand({ RequestItems: { [this.tableName]: { Keys: left, ConsistentRead: true } } }),
      );
      const items = (Responses?.[this.tableName] ?? []) as Item[];
      for (const item of items) found.set(keyText(item), item);
      left = (UnprocessedKeys?.[this.tableName]?.Keys ?? []) as Key[];
      if (left.length > 0 && round === GET_ROUNDS_MAX)
        throw new Error(`DynamoDB left ${left.length} of ${keys.length} keys unread ${round} times`);
      if (left.length > 0 && items.length === 0) await wait(GET_WAIT_MS * 2 ** round);
    }
    return found;
  }
}

const slices = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));

const outcome = async (kind: "single" | "transaction", send: () => Promise<unknown>): Promise<WriteOutcome> =>
  await attempt(kind, async () => {
    await send();
    return { outcome: "committed" };
  });

const attempt = async (
  kind: "single" | "transaction",
  work: () => Promise<WriteOutcome>,
): Promise<WriteOutcome> => {
  try {
    return await work();
  } catch (error) {
    const known = outcomeOf(error, kind);
    if (known === undefined) throw error;
    return known;
  }
};

const startAfter = (cursor: string | undefined) =>
  cursor === undefined ? {} : { ExclusiveStartKey: positionOf(cursor) };

const pageOf = (
  items: Record<string, unknown>[] | undefined,
  last: Record<string, unknown> | undefined,
): Page => ({
  items: (items ?? []) as Item[],
  ...(last !== undefined && { cursor: cursorOf(last as Position) }),
});

/** `undefined` for a range that holds nothing: DynamoDB takes neither an empty key nor bounds the wrong way round. */
const keyExpression = ({ index, partition, from: first, to }: Query) => {
  const from = first === "" ? undefined : first;
  const sort = index === undefined ? "SK" : index.sort;
  if (sort === undefined && (from ?? to) !== undefined)
    throw new RangeError(`Expected no range over index ${index?.name}, which has no sort key`);
  if (partition === "" || to === "" || (from !== undefined && to !== undefined && compareUtf8(from, to) > 0))
    return undefined;
  const range =
    from !== undefined && to !== undefined
      ? " AND #s BETWEEN :from AND :to"
      : from !== undefined
        ? " AND #s >= :from"
        : to !== undefined
          ? " AND #s <= :to"
          : "";
  return {
    KeyConditionExpression: `#p = :p${range}`,
    ExpressionAttributeNames: {
      "#p": index?.partition ?? "PK",
      ...(range !== "" && sort !== undefined && { "#s": sort }),
    },
    ExpressionAttributeValues: {
      ":p": partition,
      ...(from !== undefined && { ":from": from }),
      ...(to !== undefined && { ":to": to }),
    },
  };
};
