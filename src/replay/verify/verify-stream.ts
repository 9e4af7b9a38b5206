import pMap from "p-map";
import { PARKED_RANGE } from "../../ledger/entities.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { epochText } from "../../ledger/names.ts";
import type { Item, Key } from "../../table/store.ts";
import { compareRow, extraRow } from "./compare-rows.ts";
import { decisionAt, namedByTable } from "./decision-at.ts";
import type { Difference } from "./difference.ts";
import { rowsOfEnd, rowsOfSteps, type Step } from "./expected-rows.ts";
import { decisionIn } from "./find-decision.ts";
import { compareGuards } from "./guard-rows.ts";
import type { Link } from "./links.ts";
import { readStreamRows, type StreamRows } from "./stream-rows.ts";
import { type Walked, walkChain } from "./walk-chain.ts";

/** Decisions of one stream read at once: several streams are compared side by side. */
const READS_AT_ONCE = 16;

/** One stream, compared row by row. */
export type StreamVerified = {
  readonly stream: string;
  readonly differences: readonly Difference[];
  /** Every decision on the stream that S3 has, in order. */
  readonly steps: readonly Step[];
  /** How many rows under the stream's name were compared. */
  readonly rows: number;
  /** As far as it was compared; undefined if it waits for its repair, and was not. */
  readonly through: number | undefined;
  /** Whether its newest decision is committed and not published yet. */
  readonly isUnpublished: boolean;
  /** False if it moved so fast that its head, and what passes with it, could not be compared. */
  readonly isStill: boolean;
};

type Comparing = {
  readonly ledger: AnyLedger;
  readonly stream: string;
  readonly shown: StreamRows;
  readonly through: number;
};

/**
 * Compares every row of one stream, and the guards of its decisions, with what the chain in S3 makes: while traffic goes
 * on, too. What was decided since S3 was listed is read from there by the names that the table's own lines give.
 *
 * `links`: what the listing showed of the stream. `onGuard`: told the keys of guards. Memory: the stream's rows and
 * decisions. Throws: what the ports throw.
 */
export const verifyStream = async (
  ledger: AnyLedger,
  stream: string,
  links: readonly Link[],
  onGuard: (key: Key) => void = () => {},
): Promise<StreamVerified> => {
  const shown = await readStreamRows(ledger, stream);
  if (isUnrepaired(ledger, shown)) return unrepaired(stream, links);
  const newest = links.reduce((last, { sequence }) => Math.max(last, sequence), 0);
  const headAt = sequenceOf(shown.head) ?? 0;
  const comparing = { ledger, stream, shown, through: shown.isStill ? Math.max(headAt, newest) : headAt };
  const { all, lost, texts, isUnpublished } = await caughtUp(comparing, links, newest);
  const walked = walkChain(
    ledger.domain,
    stream,
    all.filter(({ sequence }) => sequence <= comparing.through),
  );
  const steps = await stepsOf(comparing, walked.links, texts);
  const rows = compareAll(comparing, walked, steps);
  const guards = await compareGuards(
    ledger,
    stream,
    steps.map(({ record }) => record),
    onGuard,
  );
  const differences = [
    ...(await namedByTable(ledger, walked.faults)),
    ...lost,
    ...headLost(comparing, newest),
    ...rows.differences,
    ...guards,
  ];
  const { through } = comparing;
  return { stream, differences, steps, rows: rows.count, through, isUnpublished, isStill: shown.isStill };
};

/** Where a head stands; undefined if it does not say. */
const sequenceOf = (head: Item | undefined): number | undefined =>
  typeof head?.sequence === "number" && Number.isSafeInteger(head.sequence) ? head.sequence : undefined;

const isUnrepaired = ({ epoch }: AnyLedger, { items }: StreamRows): boolean => {
  const prefix = `CATALOGUE#${epochText(epoch)}#`;
  return [...items.keys()].some(sortKey => sortKey.startsWith(prefix));
};

const unrepaired = (stream: string, links: readonly Link[]): StreamVerified => {
  const sequence = links.reduce((last, each) => Math.max(last, each.sequence), 0);
  const difference = { stream, sequence, expected: "repaired", found: "waiting" } as const;
  const differences = [{ ...difference, what: "unrepaired" }] as const;
  return { stream, differences, steps: [], rows: 0, through: undefined, isUnpublished: false, isStill: true };
};

type CaughtUp = {
  readonly all: readonly Link[];
  /** The first place behind the newest that was listed that S3 lacks. */
  readonly lost: readonly Difference[];
  /** Texts that were read on the way, by name; one of them may be the head's own, and in S3 nowhere. */
  readonly texts: ReadonlyMap<string, string>;
  readonly isUnpublished: boolean;
};

/** The links with those that the listing of S3 did not show. A gap before its newest is for the walk to tell. */
const caughtUp = async (
  { ledger, stream, through }: Comparing,
  links: readonly Link[],
  newest: number,
): Promise<CaughtUp> => {
  const known = new Set(links.map(({ sequence }) => sequence));
  const all = [...links];
  const texts = new Map<string, string>();
  let isUnpublished = false;
  for (let sequence = 1; sequence <= through; sequence += 1) {
    if (known.has(sequence)) continue;
    const at = await decisionAt(ledger, { stream, sequence });
    if ("found" in at) {
      all.push(at.found.link);
      texts.set(at.found.link.name, at.found.text);
      isUnpublished = !at.isPublished;
    } else if (sequence > newest) return { all, lost: [at.lost], texts, isUnpublished };
  }
  return { all, lost: [], texts, isUnpublished };
};

/** A head that is gone, or stands before the newest published decision. Rows that follow from it are told besides. */
const headLost = ({ stream, shown }: Comparing, newest: number): readonly Difference[] => {
  const { head, isStill } = shown;
  if (!isStill || newest === 0) return [];
  const at = { stream, sequence: newest, expected: String(newest) };
  if (head === undefined) return [{ ...at, what: "head-missing", found: "" }];
  const stands = sequenceOf(head) ?? newest;
  return stands < newest ? [{ ...at, what: "head-behind", found: String(stands) }] : [];
};

/** The decisions of the links, in full. */
const stepsOf = async (
  { ledger, stream }: Comparing,
  links: readonly Link[],
  texts: ReadonlyMap<string, string>,
): Promise<readonly Step[]> => {
  const { objects, decisionsBucket: bucket } = ledger;
  const read = async (name: string): Promise<string | undefined> => {
    const found = await objects.get({ bucket, key: name });
    return found && Buffer.from(found.body).toString("utf8");
  };
  const steps = await pMap(
    links.filter(({ leg }) => leg !== undefined),
    async ({ name, sequence }) => {
      const text = texts.get(name) ?? (await read(name));
      return text === undefined ? undefined : decisionIn(ledger, { stream, sequence }, { name, text });
    },
    { concurrency: READS_AT_ONCE },
  );
  return steps.flatMap(step =>
    step?.link.leg ? [{ record: step.record, text: step.text, leg: step.link.leg }] : [],
  );
};

const compareAll = (
  { ledger, stream, shown, through }: Comparing,
  { isWhole, end }: Walked,
  steps: readonly Step[],
): { readonly count: number; readonly differences: readonly Difference[] } => {
  const { projection, rows } = ledger;
  const { items, head, isStill } = shown;
  const headKey = rows.head.key({ stream }).SK;
  const expected = rowsOfSteps(ledger, steps);
  const last = steps.at(-1);
  const isEnd = isStill && isWhole && last?.leg.sequence === end.sequence && end.sequence === through;
  const parked = [...items.keys()].filter(isParked).length;
  if (last && isEnd)
    for (const row of rowsOfEnd(ledger, last, end.state, head, parked)) expected.set(row.item.SK, row);
  // A head that is gone or behind is told by that.
  if (head === undefined || (sequenceOf(head) ?? through) < through) expected.delete(headKey);
  // What passes with a decision that is not known, or that came meanwhile, can be there or not.
  const compared = [...expected.values()].filter(
    ({ item }) => isEnd || projection.passingName(item) === undefined,
  );
  const keys = new Map(steps.map(({ leg, record }) => [leg.sequence, record.key]));
  const isExtra = (item: Item): boolean => {
    if (expected.has(item.SK) || isParked(item.SK) || item.SK.startsWith("CATALOGUE#")) return false;
    if (item.SK === headKey) return isStill && through === 0;
    const leg = projection.legOf(item);
    if (isEnd || leg === undefined) return isStill;
    return isStill && (leg.sequence > through || (keys.get(leg.sequence) ?? leg.key) !== leg.key);
  };
  const extra = [...items.values()]
    .filter(isExtra)
    .map(item => extraRow(stream, projection.legOf(item)?.sequence ?? 0, item));
  const differences = compared.flatMap(row => compareRow(stream, row, items.get(row.item.SK)));
  return { count: compared.length, differences: [...differences, ...extra] };
};

const isParked = (sortKey: string): boolean => sortKey >= PARKED_RANGE.from && sortKey <= PARKED_RANGE.to;
