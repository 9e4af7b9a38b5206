import pMap from "p-map";
import { GET_KEYS_MAX, type Item } from "../table/store.ts";
import { NULL_VERSION, type Observation } from "../tracking/observation.ts";
import { judgedState, type ObjectState } from "../tracking/state.ts";
import { businessDate, businessTime } from "./business-time.ts";
import { summaryOf, unchangedSince } from "./commit.ts";
import type { DecisionRecord } from "./domain.ts";
import type { AnyLedger } from "./ledger.ts";
import { requestBytes } from "./record.ts";

const STATES_AT_ONCE = 16;
/** Tries of one state: only throttling, or another run of the same restore, stands in the way. */
const TRIES_MAX = 20;

/**
 * Writes what keeps decisions from being made again: of each its request's state, or its row for further content, and
 * its entry in the registry. For a table that nobody else writes yet, before the pointer moves to it. Idempotent; and by
 * a run that was overtaken, so that the table is live, nothing of what was learned there since is lost.
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
    await pMap(batch, (record, i) => putState(ledger, record, known[i]), { concurrency: STATES_AT_ONCE });
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

/** Puts a request's state, unless it has the decision already. `item`: as it was read. */
const putState = async (ledger: AnyLedger, record: DecisionRecord, item: Item | undefined): Promise<void> => {
  const { store, rows } = ledger;
  const key = rows.state.key({ key: record.key });
  const decision = JSON.stringify(summaryOf(record));
  let known = item;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const previous = known && rows.state.read(known);
    if (previous?.decision && JSON.stringify(previous.decision) === decision) return;
    const put = stateOf(ledger, record, previous);
    const { outcome } = await store.write({ put, if: unchangedSince(previous) });
    if (outcome === "committed") return;
    [known] = await store.get([key]);
  }
  throw new Error(`The state of ${record.key} could not be put in ${TRIES_MAX} tries.`);
};

const stateOf = (ledger: AnyLedger, record: DecisionRecord, previous: ObjectState | undefined): Item => {
  const { rows, roles, domain, settings } = ledger;
  const decision = summaryOf(record);
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
