import { type DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  type Shard,
  type _Record as StreamedRecord,
} from "@aws-sdk/client-dynamodb-streams";
import type {
  StreamedTable,
  StreamPortion,
  StreamReader,
  StreamRecord,
  TableStreams,
} from "../table/table-streams.ts";
import { keyOfImage, plainItem } from "./plain-item.ts";

/** DynamoDB Streams: the most that one answer holds. */
const RECORDS_PER_ANSWER_MAX = 1000;
/** Ten million records at a time: more than DynamoDB Local writes in half a day. */
const ANSWERS_MAX = 10_000;
/** A hundred tables, streams or shards a page: more than any machine's tables have. */
const PAGES_MAX = 100;
/** A shard that ended has successors, which may have ended, too: DynamoDB Local begins one every few hours for 24. */
const GENERATIONS_MAX = 100;

/**
 * The streams of DynamoDB Local's tables.
 *
 * For the local cloud only, which relies on what DynamoDB Local does and DynamoDB does not promise: a record can be
 * read as soon as its write is acknowledged, and an answer that is not full is the end of what there was.
 */
export const tableStreams = (client: DynamoDBStreamsClient, dynamodb: DynamoDBClient): TableStreams => {
  const isLive = new Map<string, boolean>();
  return {
    list: async () => {
      // Tables after streams: asked at once, the stream of a table made in between would count as a deleted one's.
      const streams = await listStreams(client);
      const tables = await listTables(dynamodb);
      const live: StreamedTable[] = [];
      for (const each of newestOf(streams)) {
        // Streams of deleted tables stay listed, and none comes back to life.
        if (!tables.has(each.table)) isLive.set(each.stream, false);
        if (!isLive.has(each.stream)) isLive.set(each.stream, await isEnabled(client, each.stream));
        if (isLive.get(each.stream) === true) live.push(each);
      }
      return live;
    },
    open: (stream, after) => new ShardsReader(client, stream, after),
  };
};

/** The last stream of each table: their names end in the time they began. */
const newestOf = (streams: readonly StreamedTable[]): Iterable<StreamedTable> => {
  const newest = new Map<string, StreamedTable>();
  for (const each of streams) {
    const other = newest.get(each.table);
    if (other === undefined || other.stream < each.stream) newest.set(each.table, each);
  }
  return newest.values();
};

const listStreams = async (client: DynamoDBStreamsClient): Promise<readonly StreamedTable[]> => {
  const found: StreamedTable[] = [];
  let from: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.send(
      new ListStreamsCommand({ ...(from !== undefined && { ExclusiveStartStreamArn: from }) }),
    );
    for (const { StreamArn: stream, TableName: table } of answer.Streams ?? [])
      if (stream !== undefined && table !== undefined) found.push({ table, stream });
    from = answer.LastEvaluatedStreamArn;
    if (from === undefined) return found;
  }
  throw new Error(`Expected at most ${PAGES_MAX} pages of streams`);
};

const listTables = async (client: DynamoDBClient): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  let from: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.send(
      new ListTablesCommand({ ...(from !== undefined && { ExclusiveStartTableName: from }) }),
    );
    for (const table of answer.TableNames ?? []) found.add(table);
    from = answer.LastEvaluatedTableName;
    if (from === undefined) return found;
  }
  throw new Error(`Expected at most ${PAGES_MAX} pages of tables`);
};

const isEnabled = async (client: DynamoDBStreamsClient, stream: string): Promise<boolean> => {
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn: stream, Limit: 1 }));
  return StreamDescription?.StreamStatus === "ENABLED" || StreamDescription?.StreamStatus === "ENABLING";
};

class ShardsReader implements StreamReader {
  readonly #client: DynamoDBStreamsClient;
  readonly #stream: string;
  readonly #last: Map<string, string>;
  /** Shards being read, parents before their children. */
  readonly #open = new Map<string, string>();
  readonly #ended = new Set<string>();
  /** Shards of which something was lost, and nobody was told yet. */
  readonly #gaps = new Set<string>();

  constructor(client: DynamoDBStreamsClient, stream: string, after: ReadonlyMap<string, string>) {
    this.#client = client;
    this.#stream = stream;
    this.#last = new Map(after);
  }

  async *read(): AsyncGenerator<StreamPortion> {
    for (let generation = 0; generation < GENERATIONS_MAX; generation += 1) {
      if (this.#open.size === 0) await this.#openShards();
      const ended = this.#ended.size;
      for (const shard of [...this.#open.keys()]) yield* this.#readShard(shard);
      if (this.#ended.size === ended) return;
      await this.#openShards();
    }
    throw new Error(`Expected at most ${GENERATIONS_MAX} generations of shards in ${this.#stream}`);
  }

  async #openShards(): Promise<void> {
    for (const { ShardId: shard } of parentsFirst(await this.#shards())) {
      if (shard === undefined || this.#open.has(shard) || this.#ended.has(shard)) continue;
      this.#open.set(shard, await this.#iteratorOrFirst(shard));
    }
  }

  /** Behind the last record read, or from the first that is left where that is too old by now. */
  async #iteratorOrFirst(shard: string): Promise<string> {
    const after = this.#last.get(shard);
    try {
      return await this.#iterator(shard, after);
    } catch (error) {
      const name = error instanceof Error ? error.name : "";
      if (after === undefined || !TOO_OLD.has(name)) throw error;
      this.#gaps.add(shard);
      return await this.#iterator(shard, undefined);
    }
  }

  async #shards(): Promise<readonly Shard[]> {
    const shards: Shard[] = [];
    let from: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { StreamDescription: answer } = await this.#client.send(
        new DescribeStreamCommand({
          StreamArn: this.#stream,
          ...(from !== undefined && { ExclusiveStartShardId: from }),
        }),
      );
      shards.push(...(answer?.Shards ?? []));
      from = answer?.LastEvaluatedShardId;
      if (from === undefined) return shards;
    }
    throw new Error(`Expected at most ${PAGES_MAX} pages of shards in ${this.#stream}`);
  }

  async #iterator(shard: string, after: string | undefined): Promise<string> {
    const { ShardIterator } = await this.#client.send(
      new GetShardIteratorCommand({
        StreamArn: this.#stream,
        ShardId: shard,
        ...(after === undefined
          ? { ShardIteratorType: "TRIM_HORIZON" }
          : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: after }),
      }),
    );
    if (ShardIterator === undefined) throw new Error(`Expected an iterator of ${shard}`);
    return ShardIterator;
  }

  async *#readShard(shard: string): AsyncGenerator<StreamPortion> {
    for (let answers = 0; answers < ANSWERS_MAX; answers += 1) {
      const { records, next } = await this.#records(shard);
      const isGap = this.#gaps.delete(shard);
      const last = records.at(-1)?.sequence;
      if (last !== undefined || isGap) yield { shard, records, isGap };
      // Only now: what was not taken is read again.
      if (last !== undefined) this.#last.set(shard, last);
      if (next === undefined) {
        this.#open.delete(shard);
        this.#ended.add(shard);
        return;
      }
      this.#open.set(shard, next);
      if (records.length < RECORDS_PER_ANSWER_MAX) return;
    }
    throw new Error(`Expected at most ${ANSWERS_MAX} answers of ${shard}`);
  }

  async #records(shard: string): Promise<Answer> {
    const iterator = this.#open.get(shard) ?? "";
    try {
      return await this.#answer(iterator);
    } catch (error) {
      const name = error instanceof Error ? error.name : "";
      // After a night with the lid closed: iterators live for minutes, records for a day.
      if (name === "ExpiredIteratorException") return await this.#answer(await this.#iteratorOrFirst(shard));
      if (name !== "TrimmedDataAccessException") throw error;
      this.#gaps.add(shard);
      return await this.#answer(await this.#iterator(shard, undefined));
    }
  }

  async #answer(iterator: string): Promise<Answer> {
    const { Records = [], NextShardIterator: next } = await this.#client.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: RECORDS_PER_ANSWER_MAX }),
    );
    return { records: Records.map(recordOf), next };
  }
}

type Answer = {
  readonly records: readonly StreamRecord[];
  readonly next: string | undefined;
};

/** What is said of a record that the stream keeps no more; DynamoDB Local calls its sequence invalid. */
const TOO_OLD: ReadonlySet<string> = new Set(["TrimmedDataAccessException", "ValidationException"]);

const recordOf = ({ dynamodb }: StreamedRecord): StreamRecord => {
  const { SequenceNumber: sequence, Keys, NewImage } = dynamodb ?? {};
  if (sequence === undefined || Keys === undefined)
    throw new Error("Expected a stream record with a sequence and keys");
  return {
    sequence,
    changed: NewImage === undefined ? { delete: keyOfImage(Keys) } : { put: plainItem(NewImage) },
  };
};

/** Shards in an order in which each comes after its parent, if that is there still. */
const parentsFirst = (shards: readonly Shard[]): readonly Shard[] => {
  const left = new Map(shards.map(shard => [shard.ShardId, shard]));
  const ordered: Shard[] = [];
  const place = (shard: Shard): void => {
    if (!left.delete(shard.ShardId)) return;
    const parent = left.get(shard.ParentShardId);
    if (parent !== undefined) place(parent);
    ordered.push(shard);
  };
  for (const shard of shards) place(shard);
  return ordered;
};
