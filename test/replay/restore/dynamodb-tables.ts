import { DeleteTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createTable } from "../../../src/aws/create-table.ts";
import { DynamoStore } from "../../../src/aws/dynamo-store.ts";
import { type Changed, History } from "../../../src/local/point-in-time/history.ts";
import { restoreId, windowOf } from "../../../src/local/point-in-time/window.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { type PointInTime, refusalOf, type Torn, wholeSecondMs } from "../../../src/ports/point-in-time.ts";
import { keyText } from "../../../src/table/storable.ts";
import type { Item, Key, Page, Query, Store, Write, WriteOutcome } from "../../../src/table/store.ts";
import { type Backend, type BackendParts, FIRST, type PastTable } from "./world.ts";

const PAGES_MAX = 1_000;

/**
 * A table of DynamoDB Local that remembers what was written to it, by a clock that stands still between the steps of a
 * story. Writes wait for each other, so that it remembers them in the order in which they happened.
 */
class RememberedTable implements PastTable {
  readonly #store: DynamoStore;
  readonly #history: History;
  #before: Promise<unknown> = Promise.resolve();

  constructor(store: DynamoStore, clock: Clock) {
    this.#store = store;
    this.#history = new History(clock);
  }

  get bornAtMs(): number {
    return this.#history.bornAtMs;
  }

  asOf(atMs: number, torn?: Torn): readonly Item[] {
    return this.#history.asOf(atMs, torn);
  }

  async snapshot(): Promise<readonly Item[]> {
    const items: Item[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const found: Page = await this.#store.scan({ segment: 0, segments: 1, cursor });
      items.push(...found.items);
      cursor = found.cursor;
      if (cursor === undefined) return items.sort((a, b) => (keyText(a) < keyText(b) ? -1 : 1));
    }
    throw new Error(`Expected at most ${PAGES_MAX} pages in a table`);
  }

  get(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    return this.#store.get(keys);
  }

  query(query: Query): Promise<Page> {
    return this.#store.query(query);
  }

  scan(request: Parameters<Store["scan"]>[0]): Promise<Page> {
    return this.#store.scan(request);
  }

  write(write: Write): Promise<WriteOutcome> {
    return this.#inTurn([write], () => this.#store.write(write));
  }

  transact(writes: readonly Write[]): Promise<WriteOutcome> {
    return this.#inTurn(writes, () => this.#store.transact(writes));
  }

  putAll(items: readonly Item[]): Promise<WriteOutcome> {
    return this.#inTurn(
      items.map(put => ({ put })),
      () => this.#store.putAll(items),
    );
  }

  #inTurn(writes: readonly Write[], work: () => Promise<WriteOutcome>): Promise<WriteOutcome> {
    const mine = this.#before.then(async () => {
      const outcome = await work();
      if (outcome.outcome === "unknown") throw new Error(`What was written is not known: ${outcome.reason}`);
      if (outcome.outcome === "committed") this.#history.add(writes.flatMap(changeOf));
      return outcome;
    });
    this.#before = mine.catch(() => {});
    return mine;
  }
}

const changeOf = (write: Write): readonly Changed[] => {
  if ("put" in write) return [{ put: write.put }];
  return "delete" in write ? [{ delete: write.delete }] : [];
};

/** The tables of one world in DynamoDB Local, under names of their own. */
export const dynamodbTables = (client: DynamoDBClient, prefix: string) => {
  const names: string[] = [];
  const made = async (kind: BackendParts["kind"], name: string): Promise<DynamoStore> => {
    const tableName = `${prefix}-${name}`;
    await createTable(client, kind.definition, tableName);
    names.push(tableName);
    return new DynamoStore({ client, tableName });
  };
  /** `first`: made beforehand, since a world begins with it. */
  const backend =
    (first: DynamoStore) =>
    ({ kind, clock }: BackendParts): Backend<RememberedTable> => {
      const tables = new Map([[FIRST, new RememberedTable(first, clock)]]);
      const create = async (name: string): Promise<RememberedTable> => {
        const table = tables.get(name) ?? new RememberedTable(await made(kind, name), clock);
        tables.set(name, table);
        return table;
      };
      return { tables, create, pointInTime: pointInTimeOf(tables, create, clock) };
    };
  const drop = async (): Promise<void> => {
    for (const TableName of names) await client.send(new DeleteTableCommand({ TableName }));
  };
  return { first: (kind: BackendParts["kind"]) => made(kind, FIRST), backend, drop };
};

const pointInTimeOf = (
  tables: ReadonlyMap<string, RememberedTable>,
  create: (name: string) => Promise<RememberedTable>,
  clock: Clock,
): PointInTime => {
  const madeBy = new Map<string, string>();
  const windowNow = (table: string) => {
    const bornAtMs = tables.get(table)?.bornAtMs;
    return bornAtMs === undefined ? undefined : windowOf(table, bornAtMs, clock.now());
  };
  return {
    window: async table => windowNow(table),
    restore: async request => {
      const { table, to, torn } = request;
      const atMs = wholeSecondMs(request.at);
      const refusal = refusalOf(table, atMs, windowNow(table));
      if (refusal !== undefined) return refusal;
      const [wasThere, id] = [tables.has(to), restoreId(request)];
      if (wasThere && madeBy.get(to) !== id) return { outcome: "targetExists", table: to };
      if (!wasThere) {
        madeBy.set(to, id);
        const items = tables.get(table)?.asOf(atMs, torn) ?? [];
        const { outcome } = await (await create(to)).putAll(items);
        if (outcome !== "committed") throw new Error(`The restored table could not be put: ${outcome}`);
      }
      return { outcome: "restored", table: to, at: isoInstant(atMs), wasThere };
    },
  };
};
