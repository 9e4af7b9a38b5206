import type { AnyLedger } from "../../ledger/ledger.ts";
import type { HeadRow } from "../../ledger/reading.ts";
import { GET_KEYS_MAX, type Item } from "../../table/store.ts";
import { canonicalJson } from "../snapshot/canonical-json.ts";
import { inBatches } from "../snapshot/in-batches.ts";
import type { Difference } from "./difference.ts";

/** Where a stream must have been: what a snapshot or a fold of the decisions says. */
export type ExpectedStream = {
  readonly stream: string;
  readonly sequence: number;
  readonly hash: string;
  /** Absent where it is not known: then it is not compared. */
  readonly state?: unknown;
};

/**
 * Compares the table with where streams must have been, while traffic goes on: a head must be there or behind that
 * place; then the line at the place must have the hash.
 *
 * Yields: the differences of each batch of streams, also if there are none, so that progress can be told.
 */
export async function* differencesInTable(
  ledger: AnyLedger,
  expected: AsyncIterable<ExpectedStream>,
): AsyncGenerator<{ readonly streams: number; readonly differences: readonly Difference[] }> {
  for await (const batch of inBatches(expected, GET_KEYS_MAX)) {
    yield { streams: batch.length, differences: await differencesOf(ledger, batch) };
  }
}

const differencesOf = async (
  ledger: AnyLedger,
  batch: readonly ExpectedStream[],
): Promise<readonly Difference[]> => {
  const { store, rows, projection } = ledger;
  const items = await store.get(batch.map(({ stream }) => rows.head.key({ stream })));
  const pairs = batch.map((expected, i) => ({ expected, head: items[i] && rows.head.read(items[i]) }));
  const passed = pairs.filter(
    ({ expected, head }) => head !== undefined && head.sequence > expected.sequence,
  );
  const lines = await store.get(
    passed.map(({ expected }) => projection.lineKey(expected.stream, expected.sequence)),
  );
  const lineOf = new Map(passed.map(({ expected }, i) => [expected.stream, lines[i]]));
  return pairs.flatMap(({ expected, head }) => differenceOf(expected, head, lineOf.get(expected.stream)));
};

const differenceOf = (
  expected: ExpectedStream,
  head: HeadRow | undefined,
  line: Item | undefined,
): readonly Difference[] => {
  const { stream, sequence, hash } = expected;
  const difference = (what: Difference["what"], must: string, found: string): readonly Difference[] => [
    { stream, sequence, what, expected: must, found },
  ];
  if (head === undefined) return difference("head-missing", String(sequence), "");
  if (head.sequence < sequence) return difference("head-behind", String(sequence), String(head.sequence));
  if (head.sequence === sequence) {
    if (head.hash !== hash) return difference("hash", hash, head.hash);
    if (expected.state === undefined) return [];
    const [must, is] = [canonicalJson(expected.state), canonicalJson(head.state)];
    return must === is ? [] : difference("state", must, is);
  }
  if (line === undefined) return difference("line-missing", hash, String(head.sequence));
  return line.hash === hash ? [] : difference("hash", hash, String(line.hash));
};
