import pMap from "p-map";
import { summaryOf } from "../../ledger/commit.ts";
import type { DecisionRecord } from "../../ledger/domain.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { GET_KEYS_MAX, type Item, type Key } from "../../table/store.ts";
import { compareRow, type ExpectedRow } from "./compare-rows.ts";
import type { Difference } from "./difference.ts";

const GETS_AT_ONCE = 4;

/** A row that keeps a decision from being made again. `item`: what it must be, given what it is. */
type Guard = {
  readonly key: Key;
  readonly sequence: number;
  readonly item: (found: Item | undefined) => Item;
};

/** The guards of a decision: its entry in the registry, and its request's state or, for further content, its own row. */
const guardsOf = (ledger: AnyLedger, record: DecisionRecord): readonly Guard[] => {
  const { rows } = ledger;
  const [leg] = record.legs;
  if (leg === undefined) return [];
  const { stream, sequence, hash } = leg;
  const { key, digest, outcome, registers, reused } = record;
  const registered = registers && rows.request.item({ ...registers, key, stream, outcome, sequence, hash });
  const own = reused ? rows.reused.item({ key, digest, decision: summaryOf(record) }) : undefined;
  return [
    ...[registered, own].flatMap(item => (item ? [{ key: item, sequence, item: () => item }] : [])),
    ...(reused
      ? []
      : [
          {
            key: rows.state.key({ key }),
            sequence,
            item: (found?: Item) => stateItem(ledger, record, found),
          },
        ]),
  ];
};

/** Of a request's state only what the decision says; where its object lies is for tracking to know. */
const stateItem = ({ rows }: AnyLedger, record: DecisionRecord, found: Item | undefined): Item => {
  const decision = summaryOf(record);
  const { key } = record;
  const stream = record.legs[0]?.stream;
  if (found === undefined) return { ...rows.state.key({ key }), decision };
  try {
    const { parked: _, ...state } = rows.state.read(found);
    return rows.state.item({ ...state, key, decision, processed: true, stream });
  } catch {
    return { ...rows.state.key({ key }), decision };
  }
};

/**
 * Compares the guards of decisions that were made first on this stream. `isGuard`: told the keys, so that those which no
 * decision made can be told later.
 */
export const compareGuards = async (
  ledger: AnyLedger,
  stream: string,
  records: readonly DecisionRecord[],
  onGuard: (key: Key) => void,
): Promise<readonly Difference[]> => {
  const guards = records
    .filter(({ legs }) => legs[0]?.stream === stream)
    .flatMap(each => guardsOf(ledger, each));
  for (const { key } of guards) onGuard(key);
  const batches = Array.from({ length: Math.ceil(guards.length / GET_KEYS_MAX) }, (_, i) =>
    guards.slice(i * GET_KEYS_MAX, (i + 1) * GET_KEYS_MAX),
  );
  const differences = await pMap(
    batches,
    async batch => {
      const items = await ledger.store.get(batch.map(({ key: { PK, SK } }) => ({ PK, SK })));
      return batch.flatMap(({ sequence, item }, i) => {
        const row: ExpectedRow = { sequence, item: item(items[i]) };
        return compareRow(stream, row, items[i]);
      });
    },
    { concurrency: GETS_AT_ONCE },
  );
  return differences.flat();
};
