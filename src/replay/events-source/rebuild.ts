import { pMapIterable } from "p-map";
import type { Candidate } from "../../ledger/canonical-order.ts";
import type { FoundRequest } from "../../ledger/found-request.ts";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { inChainOrder } from "./chain-order.ts";
import { type ChainState, faultOf, newChainState, streamIn, take } from "./chain-state.ts";
import { fetchRequest } from "./fetch-request.ts";
import { isReuse, type KnownDecision, toldOf } from "./known-decision.ts";
import { prove } from "./prove-unplaced.ts";
import { type RemadeDecision, type Remakable, remake } from "./remake.ts";
import type { SealedDecisions } from "./sealed.ts";
import type { Trouble } from "./trouble.ts";

/** Copies read ahead of the one that is judged. */
const READS_AT_ONCE = 32;

/** A text that belongs under a name and is not there. */
export type LostText = { readonly name: string; readonly text: string };

export type RebuildCounts = {
  /** Decisions whose text was found in a bundle or in the table. */
  recovered: number;
  /** Decisions made again from copies, and those of them proved to be the lost text to the byte. */
  remade: number;
  exact: number;
  /** Requests without a copy whose decision was proved by what followed it. */
  proven: number;
};

export type Rebuilding = {
  readonly ledger: AnyLedger;
  readonly sealed: SealedDecisions;
  readonly known: readonly KnownDecision[];
  readonly unplaced: readonly Candidate<unknown>[];
  /** Takes what belongs into the bucket of decisions; resolves when more can be taken. */
  readonly store: (lost: LostText) => Promise<void>;
  readonly onProgress: (done: number, total: number) => void;
};

export type Rebuilt = {
  readonly counts: RebuildCounts;
  readonly troubles: readonly Trouble[];
  readonly state: ChainState;
};

type Work = Rebuilding & {
  readonly remakable: Remakable;
  readonly state: ChainState;
  readonly counts: RebuildCounts;
  readonly troubles: Trouble[];
  /** Not reached yet. */
  readonly waiting: Set<KnownDecision>;
  /** Why a stream can go no further, by stream. */
  readonly stopped: Map<string, string>;
  readonly unproven: Set<Candidate<unknown>>;
};

/**
 * Goes through all that is known of decisions in the order of their streams, and makes again what is lost. Whatever
 * cannot be reached or made is a trouble of its own.
 *
 * Memory: what is known, and the state of every stream. Throws: what S3 throws, and `store`.
 */
export const rebuild = async (rebuilding: Rebuilding): Promise<Rebuilt> => {
  const { ledger, sealed, known, unplaced } = rebuilding;
  const state = newChainState();
  const firstDigests = new Map<string, string>();
  for (const { key, digest, code } of known.map(toldOf))
    if (!isReuse({ ...(code && { code }) })) firstDigests.set(key, digest);
  const work: Work = {
    ...rebuilding,
    remakable: { ledger, state, sealed, firstDigests },
    state,
    counts: { recovered: 0, remade: 0, exact: 0, proven: 0 },
    troubles: [],
    waiting: new Set(known),
    stopped: new Map(),
    unproven: new Set(unplaced),
  };
  await walk(work);
  // Ends: each turn takes one request at least.
  while (await proveSome(work)) await walk(work);
  const { counts, troubles } = work;
  return { counts, state, troubles: [...troubles, ...unreached(work), ...undecided(work)] };
};

const walk = async (work: Work): Promise<void> => {
  const { ledger, state, waiting, known, onProgress } = work;
  const order = inChainOrder([...waiting], stream => streamIn(ledger, state, stream).sequence);
  const fetched = pMapIterable(
    order,
    async decision => ({ decision, found: await fetchFor(work, decision) }),
    { concurrency: READS_AT_ONCE },
  );
  for await (const { decision, found } of fetched) {
    const { legs } = toldOf(decision);
    if (legs.some(({ stream, sequence }) => streamIn(ledger, state, stream).sequence !== sequence - 1))
      continue;
    waiting.delete(decision);
    await step(work, decision, found);
    onProgress(known.length - waiting.size, known.length);
  }
};

type Fetched = FoundRequest | { readonly reason: string } | undefined;

const fetchFor = async ({ ledger }: Work, decision: KnownDecision): Promise<Fetched> =>
  "placed" in decision ? fetchRequest(ledger.objects, decision.placed) : undefined;

const step = async (work: Work, decision: KnownDecision, found: Fetched): Promise<void> => {
  const { ledger, state, counts } = work;
  if ("record" in decision) {
    const fault = faultOf(ledger, state, decision.record);
    if (fault !== undefined) {
      stop(work, decision, { kind: "differs", key: decision.name, detail: fault });
      return;
    }
    take(ledger, state, decision.record);
    if (decision.from === "published") return;
    counts.recovered += 1;
    await work.store(decision);
    return;
  }
  if (found === undefined || "reason" in found) {
    const { key } = decision.placed;
    stop(work, decision, { kind: "other-content", key, detail: found?.reason ?? "" });
    return;
  }
  const made = remake(work.remakable, decision, found);
  if ("kind" in made) {
    stop(work, decision, made);
    return;
  }
  counts.remade += 1;
  if (made.isExact) counts.exact += 1;
  await keep(work, made);
};

const keep = async ({ ledger, state, troubles, store }: Work, made: RemadeDecision): Promise<void> => {
  take(ledger, state, made.record);
  if (made.trouble !== undefined) troubles.push(made.trouble);
  await store(made);
};

const stop = ({ troubles, stopped }: Work, decision: KnownDecision, trouble: Trouble): void => {
  troubles.push(trouble);
  for (const { stream, sequence } of toldOf(decision).legs)
    stopped.set(stream, `${trouble.key}, at ${sequence} of ${stream}, could not be taken`);
};

/** Returns: whether a decision without a copy was proved. */
const proveSome = async (work: Work): Promise<boolean> => {
  const { remakable, waiting, unproven, counts } = work;
  for (const candidate of unproven) {
    const proven = prove(remakable, candidate, waiting);
    if (proven === undefined) continue;
    unproven.delete(candidate);
    counts.proven += 1;
    await keep(work, proven);
    return true;
  }
  return false;
};

/** What lies behind a gap, or behind what could not be taken. */
const unreached = ({ ledger, state, waiting, stopped }: Work): readonly Trouble[] =>
  [...waiting].map(decision => {
    const { key, legs } = toldOf(decision);
    const gap = legs
      .map(({ stream, sequence }) => ({ stream, sequence, at: streamIn(ledger, state, stream).sequence }))
      .find(({ sequence, at }) => sequence !== at + 1);
    const detail =
      gap === undefined
        ? "its streams never stood before it together"
        : (stopped.get(gap.stream) ??
          `${gap.stream} lacks the decision at ${gap.at + 1}, this is at ${gap.sequence}`);
    return { kind: "gap", key, detail };
  });

const undecided = ({ unproven }: Work): readonly Trouble[] =>
  [...unproven].map(({ found }) => ({
    kind: "not-placed",
    key: found.seen.key,
    detail: `version ${found.seen.versionId} in s3://${found.seen.bucket}: no decision over it is known`,
  }));
