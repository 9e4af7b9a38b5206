import type { AnyLedger } from "../../ledger/ledger.ts";
import type { HeadRow } from "../../ledger/reading.ts";
import { GET_KEYS_MAX, type Item } from "../../table/store.ts";
import { canonicalJson } from "../snapshot/canonical-json.ts";
import { inBatches } from "../snapshot/in-batches.ts";

/** Where a stream must have been: what a snapshot or a fold of the decisions says. */
export type ExpectedStream = {
  readonly stream: string;
  readonly sequence: number;
  readonly hash: string;
  readonly state: unknown;
};

/**
 * One thing that is not as it must be.
 * `head-missing`: the table knows no such stream. `head-behind`: its head stands before the sequence.
 * `line-missing`: the head has gone on, but the line at the sequence is not there.
 * `hash`: head or line have another hash. `state`: the head has the hash and another state.
 * `decisions-missing`: the table has decided more than S3 knows.
 */
export type Difference = {
  readonly stream: string;
  readonly sequence: number;
  readonly what: "head-missing" | "head-behind" | "line-missing" | "hash" | "state" | "decisions-missing";
  readonly expected: string;
  readonly found: string;
};

/** A difference as a sentence for people. */
export const differenceText = ({ stream, sequence, what, expected, found }: Difference): string => {
  const at = `${stream} at ${sequence}: `;
  switch (what) {
    case "head-missing":
      return `${at}the table has no head`;
    case "head-behind":
      return `${at}the head of the table is only at ${found}`;
    case "line-missing":
      return `${at}the head is at ${found}, but the line is missing`;
    case "hash":
      return `${at}the hash must be ${expected}, it is ${found}`;
    case "state":
      return `${at}the state must be ${expected}, it is ${found}`;
    case "decisions-missing":
      return `${at}the table has decided this, the newest decision in S3 is ${found}`;
  }
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
    const [must, is] = [canonicalJson(expected.state), canonicalJson(head.state)];
    return must === is ? [] : difference("state", must, is);
  }
  if (line === undefined) return difference("line-missing", hash, String(head.sequence));
  return line.hash === hash ? [] : difference("hash", hash, String(line.hash));
};
