import pMap from "p-map";
import type { ObjectStore } from "../ports/object-store.ts";
import { legHash } from "./chain.ts";
import type { DecisionRecord, Domain, Leg } from "./domain.ts";
import { type StreamAt, streamBegin } from "./judge.ts";
import { decisionPrefix } from "./names.ts";
import { parseRecord } from "./record.ts";

/** Decisions read at once: enough to hide S3's latency, few enough to stay below its request rate for a prefix. */
const READS_AT_ONCE = 32;
/** 10 million decisions: more than one process should fold. */
const PAGES_MAX = 10_000;

/** What S3 alone says of the streams, and what in it does not hold together. */
export type Fold<State> = {
  readonly streams: ReadonlyMap<string, StreamAt<State>>;
  readonly decisions: number;
  /** One sentence each, naming stream and sequence. Empty when every chain is whole. */
  readonly faults: readonly string[];
};

/** Every published decision of an epoch, in no particular order. */
export async function* publishedDecisions<Change>(
  objects: ObjectStore,
  bucket: string,
  epoch: number,
): AsyncGenerator<DecisionRecord<Change>> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await objects.list({ bucket, prefix: decisionPrefix(epoch), cursor });
    const records = await pMap(
      listed.objects,
      async ({ key }) => {
        const found = await objects.get({ bucket, key });
        if (found === undefined)
          throw new Error(`s3://${bucket}/${key} was listed and is gone: decisions must never be deleted.`);
        return parseRecord<Change>(Buffer.from(found.body).toString("utf8"), key);
      },
      { concurrency: READS_AT_ONCE },
    );
    yield* records;
    cursor = listed.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX} pages of decisions in s3://${bucket}: fold them in parts.`);
}

type Link<Change> = { readonly record: DecisionRecord<Change>; readonly leg: Leg<Change> };

/**
 * Computes every stream from published decisions alone: checks that its chain runs from 1 without a gap, that every
 * hash is that of its contents, and that what the record says came out is what the domain says comes out.
 */
export const foldDecisions = async <Request, State, Change, Settings>(
  domain: Domain<Request, State, Change, Settings>,
  decisions: AsyncIterable<DecisionRecord<Change>>,
): Promise<Fold<State>> => {
  const links = new Map<string, Link<Change>[]>();
  let count = 0;
  for await (const record of decisions) {
    count += 1;
    for (const leg of record.legs) {
      const chain = links.get(leg.stream) ?? [];
      chain.push({ record, leg });
      links.set(leg.stream, chain);
    }
  }
  const streams = new Map<string, StreamAt<State>>();
  const faults: string[] = [];
  for (const [stream, chain] of links) {
    chain.sort((a, b) => a.leg.sequence - b.leg.sequence);
    let at = streamBegin(domain);
    for (const { record, leg } of chain) {
      const fault = faultOf(domain, at, record, leg);
      if (fault !== undefined) faults.push(`${stream} at ${leg.sequence}: ${fault}`);
      at = { sequence: leg.sequence, hash: leg.hash, state: domain.evolve(at.state, leg.change) };
    }
    streams.set(stream, at);
  }
  return { streams, decisions: count, faults };
};

const faultOf = <Request, State, Change, Settings>(
  domain: Domain<Request, State, Change, Settings>,
  before: StreamAt<State>,
  record: DecisionRecord<Change>,
  leg: Leg<Change>,
): string | undefined => {
  if (leg.sequence !== before.sequence + 1) return `follows on ${before.sequence}`;
  if (leg.prevHash !== before.hash) return "does not link to the decision before it";
  const { key, digest, outcome, code = "" } = record;
  const changeFields = domain.canonicalFields(leg.change);
  const { prevHash, stream, sequence } = leg;
  const hash = legHash({ prevHash, key, digest, outcome, code, stream, sequence, changeFields });
  if (hash !== leg.hash) return "its hash is not that of its contents";
  const after = domain.postImage(domain.evolve(before.state, leg.change));
  return JSON.stringify(after) === JSON.stringify(leg.after)
    ? undefined
    : "its post-image does not follow from it";
};
