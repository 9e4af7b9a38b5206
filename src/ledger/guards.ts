import { GET_KEYS_MAX, type Item } from "../table/store.ts";
import { NULL_VERSION, type Observation } from "../tracking/observation.ts";
import { judgedState } from "../tracking/state.ts";
import { businessDate, businessTime } from "./business-time.ts";
import { summaryOf } from "./commit.ts";
import type { DecisionRecord } from "./domain.ts";
import type { AnyLedger } from "./ledger.ts";
import { requestBytes } from "./record.ts";

/**
 * Writes what keeps decisions from being made again: of each its request's state, or its row for further content, and
 * its entry in the registry. For a table that nobody else writes yet, before the pointer moves to it. Idempotent.
 *
 * Throws: if the table will not take them; what the store throws.
 */
export const putGuards = async (ledger: AnyLedger, records: readonly DecisionRecord[]): Promise<void> => {
  const { store, rows } = ledger;
  const items = new Map<string, Item>();
  const keep = (item: Item): unknown => items.set(`${item.PK}\u0000${item.SK}`, item);
  const firsts = records.filter(({ reused }) => !reused);
  for (let at = 0; at < firsts.length; at += GET_KEYS_MAX) {
    const batch = firsts.slice(at, at + GET_KEYS_MAX);
    const known = await store.get(batch.map(({ key }) => rows.state.key({ key })));
    for (const [i, record] of batch.entries()) keep(stateOf(ledger, record, known[i]));
  }
  for (const record of records) {
    const { key, digest, registers, legs, outcome, reused } = record;
    if (reused) keep(rows.reused.item({ key, digest, decision: summaryOf(record) }));
    const [leg] = legs;
    if (!registers || !leg) continue;
    const { stream, sequence, hash } = leg;
    keep(rows.request.item({ ...registers, key, stream, outcome, sequence, hash }));
  }
  const put = await store.putAll([...items.values()]);
  if (put.outcome !== "committed") throw new Error(`The guards could not be put: ${put.outcome}`);
};

const stateOf = (ledger: AnyLedger, record: DecisionRecord, known: Item | undefined): Item => {
  const { rows, roles, domain, settings } = ledger;
  const previous = known && rows.state.read(known);
  const decision = summaryOf(record);
  // A second time it is the same, to the byte.
  if (known && previous?.decision && JSON.stringify(previous.decision) === JSON.stringify(decision))
    return known;
  const { key, source } = record;
  const { eventTime, sizeBytes } = source;
  const parsed = domain.parse({ key, bytes: requestBytes(record), sizeBytes, eventTime }, settings);
  const state = judgedState({
    previous,
    observation: observationOf(record),
    judgement: {
      decision,
      stream: record.legs[0]?.stream,
      date: businessDate(parsed, eventTime),
      time: businessTime(parsed, eventTime),
    },
    roles,
  });
  return rows.state.item(state);
};

/** The creation a record tells of. */
export const observationOf = ({ key, source }: DecisionRecord): Observation => ({
  source: "notification",
  bucket: source.bucket,
  key,
  versionId: source.versionId ?? NULL_VERSION,
  kind: "created",
  time: source.eventTime,
  event: "ObjectCreated:Put",
  sizeBytes: source.sizeBytes,
  ...(source.sequencer !== undefined && { sequencer: source.sequencer }),
});
