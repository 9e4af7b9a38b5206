import pMap from "p-map";
import type { Item, Key, Write } from "../table/store.ts";
import { type Catalogue, readCatalogue } from "./catalogue.ts";
import { legHash } from "./chain.ts";
import type { DecisionRecord, Leg } from "./domain.ts";
import { type CatalogueEntry, headShard } from "./entities.ts";
import { streamBegin } from "./judge.ts";
import type { AnyLedger } from "./ledger.ts";
import { parkedIn } from "./park.ts";
import { unchangedHead } from "./parked-count.ts";
import { UnrepairedStream } from "./publish.ts";
import type { HeadRow } from "./reading.ts";
import { parseRecord } from "./record.ts";
import { OffTheChain } from "./repair-errors.ts";

/** Decisions of one stream read at once: enough to hide S3's latency, and many streams are repaired side by side. */
const READS_AT_ONCE = 16;
/** What a live worker repairs before it judges: some seconds. Larger streams wait for the replay. */
export const LIVE_REPAIR_DECISIONS_MAX = 2_000;
/** A transaction takes 100 actions: the head, its rows, and these. */
const PASSING_PER_TRANSACTION = 90;
/** Tries of a gate: lost only to another one at the same gate, which opens it, or to throttling. */
const TRIES_MAX = 20;

/**
 * What became of a stream. `whole`: it needed nothing. `open`: its gate is open, so that it is judged on; rows of its past
 * may still be missing. `repaired`: it is as if it had never been lost.
 * `decisions`: how many its catalogue listed. `rows`: how many write-once rows were put.
 */
export type Repaired = {
  readonly outcome: "whole" | "open" | "repaired";
  readonly decisions: number;
  readonly rows: number;
};

type Link = {
  readonly entry: CatalogueEntry;
  readonly record: DecisionRecord;
  readonly leg: Leg;
  readonly text: string;
  /** All that the leg did to the table besides its head. */
  readonly writes: readonly Write[];
};

const WHOLE: Repaired = { outcome: "whole", decisions: 0, rows: 0 };

/** Whether a stream may have to be repaired before anything is judged on it: its head is not of this epoch. */
export const mayNeedRepair = ({ epoch }: AnyLedger, head: HeadRow | undefined): boolean =>
  epoch > 1 && (head === undefined || head.epoch < epoch);

/**
 * Opens a stream's gate, for whoever is about to judge on it: brings the head, its rows and the rows that a later
 * decision may take away to where the sealed manifest says the stream was. One that is open already costs a query.
 *
 * Throws: `UnrepairedStream` above `LIVE_REPAIR_DECISIONS_MAX` decisions; otherwise as `repairStream`.
 */
export const openStream = async (ledger: AnyLedger, stream: string): Promise<Repaired> => {
  const catalogue = await readCatalogue(ledger, stream);
  if (catalogue === undefined) return WHOLE;
  if ((await headOf(ledger, stream))?.epoch === ledger.epoch)
    return { outcome: "open", decisions: catalogue.entries.length, rows: 0 };
  if (catalogue.entries.length > LIVE_REPAIR_DECISIONS_MAX) throw new UnrepairedStream(stream, ledger.epoch);
  await openGate(ledger, stream, await linksOf(ledger, stream, catalogue));
  return { outcome: "open", decisions: catalogue.entries.length, rows: 0 };
};

/**
 * Repairs one stream, whoever else is at it: first as `openStream`, then the rows that tell of its past, and last it
 * deletes the catalogue. Idempotent, and safe to break off anywhere: a stream without a catalogue is `whole`.
 *
 * What is parked under the stream stays there: release it with `releaseOpened`.
 * Source: ruling "repair of a stream writes the head first and opens the gate"; ledgers study, 3.3.
 * Throws: `OffTheChain`, with nothing moved; what the ports throw.
 */
export const repairStream = async (ledger: AnyLedger, stream: string): Promise<Repaired> => {
  const catalogue = await readCatalogue(ledger, stream);
  if (catalogue === undefined) return WHOLE;
  const links = await linksOf(ledger, stream, catalogue);
  await openGate(ledger, stream, links);
  const rows = lastingRows(ledger, links);
  const put = await ledger.store.putAll(rows);
  if (put.outcome !== "committed") throw new Error(`The rows of ${stream} could not be put: ${put.outcome}`);
  // From the end: while the first part is there the stream counts as not repaired.
  for (const key of catalogue.rows.toReversed()) await deleteRow(ledger, key);
  return { outcome: "repaired", decisions: links.length, rows: rows.length };
};

const headOf = async ({ store, rows }: AnyLedger, stream: string): Promise<HeadRow | undefined> => {
  const [item] = await store.get([rows.head.key({ stream })]);
  return item && rows.head.read(item);
};

const deleteRow = async ({ store }: AnyLedger, key: Key): Promise<void> => {
  for (let tries = 0; tries < TRIES_MAX; tries += 1)
    if ((await store.write({ delete: key })).outcome === "committed") return;
  throw new Error(`${key.PK} ${key.SK} could not be deleted in ${TRIES_MAX} tries.`);
};

/** The catalogued decisions, read back from S3 and compared with what the catalogue says of them. */
const linksOf = (ledger: AnyLedger, stream: string, { entries }: Catalogue): Promise<readonly Link[]> =>
  pMap(entries, entry => linkOf(ledger, stream, entry), { concurrency: READS_AT_ONCE });

const linkOf = async (ledger: AnyLedger, stream: string, entry: CatalogueEntry): Promise<Link> => {
  const { objects, decisionsBucket, domain } = ledger;
  const found = await objects.get({ bucket: decisionsBucket, key: entry.name });
  if (found === undefined) throw new OffTheChain(stream, `lacks the decision ${entry.name} in S3`);
  const text = Buffer.from(found.body).toString("utf8");
  const record = parseRecord(text, entry.name);
  const leg = record.legs.find(each => each.stream === stream && each.sequence === entry.sequence);
  const { key, digest, outcome, code = "" } = record;
  const hash =
    leg && legHash({ ...leg, key, digest, outcome, code, changeFields: domain.canonicalFields(leg.change) });
  if (leg === undefined || leg.hash !== entry.hash || hash !== entry.hash)
    throw new OffTheChain(
      stream,
      `has another decision in ${entry.name} than was sealed at ${entry.sequence}`,
    );
  return { entry, record, leg, text, writes: ledger.projection.legRows(record, leg) };
};

/** Where the stream stands after its catalogue, from where its head stands. Throws: `OffTheChain`. */
const foldFrom = (ledger: AnyLedger, stream: string, head: HeadRow | undefined, links: readonly Link[]) => {
  const begin = streamBegin<unknown>(ledger.domain);
  let at = head === undefined ? begin : { sequence: head.sequence, hash: head.hash, state: head.state };
  const known = links.find(({ entry }) => entry.sequence === at.sequence);
  if (known !== undefined && known.entry.hash !== at.hash)
    throw new OffTheChain(stream, `has another decision at ${at.sequence} than was sealed`);
  for (const { entry, leg } of links) {
    if (entry.sequence <= at.sequence) continue;
    if (entry.sequence !== at.sequence + 1 || leg.prevHash !== at.hash)
      throw new OffTheChain(stream, `cannot go on from ${at.sequence} to ${entry.sequence}`);
    at = { sequence: entry.sequence, hash: entry.hash, state: ledger.domain.evolve(at.state, leg.change) };
  }
  return at;
};

/**
 * Opens the gate: passing rows first, on condition that the head is still the old one, the head last. Whoever loses to
 * another repairer finds the head of this epoch and is done.
 */
const openGate = async (ledger: AnyLedger, stream: string, links: readonly Link[]): Promise<void> => {
  let reason = "";
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const head = await headOf(ledger, stream);
    if (head?.epoch === ledger.epoch) return;
    const last = links.at(-1);
    if (last === undefined) throw new OffTheChain(stream, "has an empty catalogue");
    const at = foldFrom(ledger, stream, head, links);
    if (at.hash !== last.entry.hash)
      throw new OffTheChain(stream, `stands at ${at.sequence}, beyond what was sealed`);
    const outcome = await openOnce(ledger, head, at, last, links);
    if (outcome === "committed") return;
    reason = outcome;
    await ledger.clock.sleep(Math.ceil(ledger.random.next() * 10 * (tries + 1)));
  }
  throw new Error(`The gate of ${stream} could not be opened in ${TRIES_MAX} tries, the last met: ${reason}`);
};

const openOnce = async (
  ledger: AnyLedger,
  head: HeadRow | undefined,
  at: { readonly sequence: number; readonly hash: string; readonly state: unknown },
  { record, leg, text }: Link,
  links: readonly Link[],
): Promise<string> => {
  const { store, rows, projection, epoch } = ledger;
  const { stream } = leg;
  const check: Write = { check: rows.head.key({ stream }), if: unchangedHead(head) };
  const passing = passingWrites(ledger, links);
  for (let from = 0; from < passing.length; from += PASSING_PER_TRANSACTION) {
    const { outcome } = await store.transact([check, ...passing.slice(from, from + PASSING_PER_TRANSACTION)]);
    if (outcome !== "committed") return outcome;
  }
  const shown: readonly Item[] = projection.headRows({ stream, state: at.state, last: record, leg });
  const item = rows.head.item({
    stream,
    sequence: at.sequence,
    hash: at.hash,
    epoch,
    state: at.state as { readonly [name: string]: unknown },
    last: text,
    // The manifest lists them all.
    publishedThrough: at.sequence,
    parkedCount: await countParked(ledger, stream),
    shard: headShard(stream),
  });
  const { outcome } = await store.transact([
    { put: item, if: unchangedHead(head) },
    ...shown.map(put => ({ put })),
  ]);
  return outcome;
};

const countParked = async (ledger: AnyLedger, stream: string): Promise<number> => {
  let count = 0;
  for await (const _ of parkedIn(ledger, stream)) count += 1;
  return count;
};

/** What is left of the passing rows after all links: each is there or it is not. */
const passingWrites = (ledger: AnyLedger, links: readonly Link[]): readonly Write[] => {
  const net = new Map<string, Write>();
  for (const write of links.flatMap(({ writes }) => writes)) {
    if ("delete" in write) net.set(`${write.delete.PK}\u0000${write.delete.SK}`, { delete: write.delete });
    else if ("put" in write && ledger.projection.passingName(write.put) !== undefined)
      net.set(`${write.put.PK}\u0000${write.put.SK}`, { put: write.put });
  }
  return [...net.values()];
};

/** The rows that stay as they were written. */
const lastingRows = (ledger: AnyLedger, links: readonly Link[]): readonly Item[] =>
  links
    .flatMap(({ writes }) => writes)
    .flatMap(write =>
      "put" in write && ledger.projection.passingName(write.put) === undefined ? [write.put] : [],
    );
