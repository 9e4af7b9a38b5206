import type { Topic } from "../../ports/messages.ts";
import { type ObjectFacts, ObjectFrozen, type Tags } from "../../ports/object-store.ts";
import { PLACED_TAG } from "../../ports/placed-tag.ts";
import { auditLost } from "../audit.ts";
import type { DecisionRecord } from "../domain.ts";
import type { AnyLedger } from "../ledger.ts";
import { requestBytes } from "../record.ts";
import { isDecidedContent } from "./decided-content.ts";
import { isOfDecision, isOfRequest, type Placement, placementOf, REBUILT } from "./placement.ts";
import { foreignTags, tagSource } from "./tag-source.ts";

/** What placing needs besides the ledger: what the world is told of a decision, and where it is told. */
export type Placing = {
  readonly ledger: AnyLedger;
  /** The message about a decision, if it has an effect outside; the domain's word. Pure. */
  readonly announce: (record: DecisionRecord) => { readonly body: string } | undefined;
  readonly announcements: Topic;
};

/**
 * What became of a placement.
 *
 * `placed`: copied from the source. `rebuilt`: written from the record. `unchanged`: its copy was there already.
 * `waiting`: the source is frozen, a readable copy is asked for. `lost`: there is nothing left to copy.
 */
export type Placed =
  | { readonly outcome: "placed" | "rebuilt" | "unchanged"; readonly bucket: string; readonly key: string }
  | { readonly outcome: "waiting" | "lost" };

/** Looks at the place again after another worker took it; there are no more workers on one decision than copies of its message. */
const TRIES_MAX = 4;
/** How long a readable copy of a frozen source is kept: the message comes again well within it. */
const RESTORE_DAYS = 2;

/** The name a copy takes, and what lies there of this very request. */
type Place = { readonly key: string; readonly there: ObjectFacts | undefined };

/**
 * Puts a decided request in its place: announces it where it has an effect outside, copies it, reads the copy back,
 * and then tags the source, which lets the lifecycle remove it. The decision must hold.
 *
 * Idempotent, and safe to break off anywhere: the announcement goes out before the copy, so at least once; the tag is
 * set after the comparison, so that nothing unplaced ever bears it.
 * Throws: what a port throws, or if the place stays contested or every name is taken; the message comes again.
 */
export const placeRecord = async (placing: Placing, record: DecisionRecord): Promise<Placed> => {
  const { objects, roles } = placing.ledger;
  const placement = placementOf(record, roles);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const place = await findPlace(placing, placement);
    const tags = await objects.getTags(placement.source);
    const known = await confirm(placing, record, placement, place, tags);
    const placed = known ?? (await fill(placing, record, placement, place, tags));
    if (placed) return placed;
  }
  throw new Error(`The place of ${record.key} was taken ${TRIES_MAX} times while it was looked at.`);
};

const findPlace = async ({ ledger }: Placing, placement: Placement): Promise<Place> => {
  const { bucket, names } = placement;
  for (const key of names) {
    const there = await ledger.objects.head({ bucket, key });
    if (there === undefined || isOfRequest(placement, there.metadata)) return { key, there };
  }
  throw new Error(`Every name for ${placement.source.key} in s3://${bucket} is taken by another request.`);
};

/** What is there already, compared and its source tagged; undefined if there is nothing, or something else. */
const confirm = async (
  { ledger: { objects } }: Placing,
  record: DecisionRecord,
  placement: Placement,
  { key, there }: Place,
  tags: Tags | undefined,
): Promise<Placed | undefined> => {
  if (there === undefined || !isOfDecision(placement, there.metadata)) return undefined;
  const { bucket } = placement;
  // The tag says that this copy was compared before.
  if (tags?.[PLACED_TAG.name] !== PLACED_TAG.value) {
    if (!(await isDecidedContent(objects, there, record, placement))) return undefined;
    if (tags) await tagSource(objects, placement, there, tags);
  }
  return { outcome: "unchanged", bucket, key };
};

/** Announces, unless that was done for the decision it replaces, and writes the copy. Returns: undefined if another worker was faster. */
const fill = async (
  placing: Placing,
  record: DecisionRecord,
  placement: Placement,
  place: Place,
  tags: Tags | undefined,
): Promise<Placed | undefined> => {
  const message = record.replaces?.announced ? undefined : placing.announce(record);
  if (message) await placing.announcements.publish(message);
  const copied = tags ? await copySource(placing, record, placement, place, tags) : "no source";
  if (copied === "exists") return undefined;
  if (typeof copied === "object") return copied;
  const isFree = place.there === undefined && copied !== "other content";
  const rebuilt = await rebuild(placing, record, placement, place.key, isFree);
  if (rebuilt === "exists") return undefined;
  if (rebuilt) {
    if (tags && copied === "frozen") await tagSource(placing.ledger.objects, placement, rebuilt.facts, tags);
    return rebuilt.placed;
  }
  if (copied === "frozen") return askForCopy(placing, placement);
  if (copied === "other content")
    throw new Error(`${record.key} was overwritten before it was placed, and its record does not carry it.`);
  await auditLost(placing.ledger, record);
  return { outcome: "lost" };
};

const copySource = async (
  { ledger: { objects } }: Placing,
  record: DecisionRecord,
  placement: Placement,
  { key, there }: Place,
  tags: Tags,
): Promise<Placed | "exists" | "frozen" | "other content"> => {
  const { source, bucket, metadata } = placement;
  try {
    const copied = await objects.copy({
      from: source,
      to: { bucket, key },
      ifAbsent: there === undefined,
      metadata,
      ...(PLACED_TAG.name in tags && { tags: foreignTags(tags) }),
    });
    if (copied.outcome === "exists") return "exists";
    const copy = { bucket, key, versionId: copied.versionId };
    if (!(await isDecidedContent(objects, copy, record, placement))) return "other content";
    await tagSource(objects, placement, { ...copy, eTag: copied.eTag }, tags);
    return { outcome: "placed", bucket, key };
  } catch (error) {
    if (error instanceof ObjectFrozen) return "frozen";
    throw error;
  }
};

type Rebuilt = {
  readonly placed: Placed;
  readonly facts: { readonly eTag: string };
};

/** Writes the request from the bytes in its record. Returns: undefined if the record has none. */
const rebuild = async (
  { ledger: { objects } }: Placing,
  record: DecisionRecord,
  placement: Placement,
  key: string,
  ifAbsent: boolean,
): Promise<Rebuilt | "exists" | undefined> => {
  const body = requestBytes(record);
  if (body === undefined) return undefined;
  const { bucket } = placement;
  const metadata = { ...placement.metadata, [REBUILT]: "true" };
  const stored = await objects.put({ bucket, key, body, ifAbsent, metadata });
  if (stored.outcome === "exists") return "exists";
  const copy = { bucket, key, versionId: stored.versionId };
  if (!(await isDecidedContent(objects, copy, record, placement)))
    throw new Error(`The record of ${record.key} does not carry the content that it names.`);
  return { placed: { outcome: "rebuilt", bucket, key }, facts: { eTag: stored.eTag } };
};

/** Asks once: S3 remembers that a copy is under way, and whether one is there. */
const askForCopy = async ({ ledger }: Placing, { source }: Placement): Promise<Placed> => {
  const facts = await ledger.objects.head(source);
  if (facts && facts.restore === undefined) await ledger.objects.restore(source, RESTORE_DAYS, "Standard");
  return { outcome: "waiting" };
};
