/**
 * What the clients asked of the services so far. Plain, so that it prints and compares.
 * Counted are calls, whatever tries of the SDK they took; those are in `retries`.
 */
export type Counts = {
  /** By service and operation, e.g. `dynamodb.TransactWriteItems`, `s3.PutObject`. Failed calls count. */
  readonly requests: { [operation: string]: number };
  /** Tries after the first, of all calls together. */
  retries: number;
  /** Items put or deleted in the table by writes that happened; checks are none. */
  writtenItems: number;
};

export const newCounts = (): Counts => ({ requests: {}, retries: 0, writtenItems: 0 });

/** Counts minus what they were before: what happened in between. */
export const countsSince = (before: Counts, after: Counts): Counts => ({
  requests: Object.fromEntries(
    Object.entries(after.requests).flatMap(([name, count]) => {
      const since = count - (before.requests[name] ?? 0);
      return since === 0 ? [] : [[name, since]];
    }),
  ),
  retries: after.retries - before.retries,
  writtenItems: after.writtenItems - before.writtenItems,
});

/** As they are now, for `countsSince` later. */
export const copyOfCounts = (counts: Counts): Counts => ({ ...counts, requests: { ...counts.requests } });

// What is used of an SDK client; the clients' own types differ in their commands.
type Next = (args: { readonly input: object }) => Promise<{ readonly output: object }>;
type Stack = {
  add(
    middleware: (next: Next, context: { readonly commandName?: string }) => Next,
    options: { readonly step: "initialize"; readonly name: string },
  ): void;
};

/** Makes a client count its calls into `counts`. `service` is the first part of the names. */
export const countCalls = (
  client: { readonly middlewareStack: unknown },
  service: string,
  counts: Counts,
): void => {
  // The stack's type names all inputs of the client's commands; this middleware takes any.
  const stack = client.middlewareStack as Stack;
  stack.add(
    (next, { commandName = "unknown" }) =>
      async args => {
        const operation = `${service}.${commandName.replace(/Command$/, "")}`;
        counts.requests[operation] = (counts.requests[operation] ?? 0) + 1;
        try {
          const result = await next(args);
          counts.retries += retriesOf(result.output);
          counts.writtenItems += writtenItems(operation, args.input, result.output);
          return result;
        } catch (error) {
          counts.retries += retriesOf(error);
          throw error;
        }
      },
    { step: "initialize", name: "countCalls" },
  );
};

const retriesOf = (answer: unknown): number => {
  const { $metadata } = (answer ?? {}) as { readonly $metadata?: { readonly attempts?: number } };
  return ($metadata?.attempts ?? 1) - 1;
};

const writtenItems = (operation: string, input: object, output: object): number => {
  if (operation === "dynamodb.PutItem" || operation === "dynamodb.DeleteItem") return 1;
  if (operation === "dynamodb.BatchWriteItem") return batchSize(input) - batchSize(output);
  if (operation !== "dynamodb.TransactWriteItems") return 0;
  const { TransactItems = [] } = input as { readonly TransactItems?: readonly object[] };
  return TransactItems.filter(action => !("ConditionCheck" in action)).length;
};

/** Of a request: what it asks for; of its answer: what was left out. */
const batchSize = (message: object): number => {
  const { RequestItems, UnprocessedItems } = message as Readonly<
    Record<string, Record<string, readonly object[]>>
  >;
  return Object.values(RequestItems ?? UnprocessedItems ?? {}).flat().length;
};
