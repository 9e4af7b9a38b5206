import pMap from "p-map";
import type { Observation } from "../tracking/observation.ts";
import { readState } from "../tracking/refresh-state.ts";
import { auditDecision, auditGone } from "./audit.ts";
import { candidateOf } from "./candidate.ts";
import { type Candidate, independentGroups, streamsNamed } from "./canonical-order.ts";
import { confirm, type Decided, decide, type Invocation } from "./decide.ts";
import type { Original, OriginalName } from "./domain.ts";
import { findRequest } from "./found-request.ts";
import type { AnyLedger } from "./ledger.ts";
import { SplitBrain } from "./publish.ts";
import { ownKeys } from "./reading.ts";
import { releaseAfter } from "./release.ts";

/** Requests of one batch read from S3 at once, and groups judged at once: a Lambda batch is ten by default. */
const AT_ONCE = 10;

/** What became of an observed request. `gone`: its version was deleted for good before it was decided. */
export type Judged = { readonly seen: Observation } & (
  | Decided
  | { readonly result: "gone" }
  /** Nothing came of it in this invocation, for the reason given; its message must come again. */
  | { readonly result: "failed"; readonly error: unknown }
);

/**
 * Judges the requests of a batch: groups that share nothing side by side, each group in canonical order.
 *
 * One request's trouble is its own and that of those behind it in its group, which must not be judged before it.
 * Throws only `SplitBrain`.
 */
export const judgeBatch = async (
  ledger: AnyLedger,
  invocation: Invocation,
  observations: readonly Observation[],
): Promise<readonly Judged[]> => {
  const looked = await pMap(observations, seen => look(ledger, invocation, seen), { concurrency: AT_ONCE });
  const candidates = looked.flatMap(each => ("candidate" in each ? [each.candidate] : []));
  const groups = independentGroups(await withOriginals(ledger, invocation, candidates));
  const judged = await pMap(groups, group => judgeGroup(ledger, invocation, group), { concurrency: AT_ONCE });
  return [...looked.flatMap(each => ("candidate" in each ? [] : [each])), ...judged.flat()];
};

type Look = { readonly candidate: Candidate<unknown> } | Judged;

const look = async (ledger: AnyLedger, invocation: Invocation, seen: Observation): Promise<Look> => {
  try {
    const found = await findRequest(ledger.objects, seen);
    return found ? { candidate: candidateOf(ledger, found) } : await gone(ledger, invocation, seen);
  } catch (error) {
    if (error instanceof SplitBrain) throw error;
    return { seen, result: "failed", error };
  }
};

/** A version that is gone may be decided or parked all the same; if decided, the work after the commit is finished. */
const gone = async (ledger: AnyLedger, invocation: Invocation, seen: Observation): Promise<Judged> => {
  const state = await readState(ledger, seen.key);
  const decided = state?.decision && (await confirm(ledger, invocation, state.decision));
  if (decided) {
    const { key, time: eventTime } = seen;
    const { registers } = ledger.domain.parse(
      { key, bytes: undefined, sizeBytes: 0, eventTime },
      ledger.settings,
    );
    await releaseAfter(ledger, invocation, { key, registers, decided });
    return { seen, ...decided };
  }
  if (state?.parked) return { seen, result: "parked", isFirst: false, place: state.parked.awaits ?? "" };
  await auditGone(ledger, seen);
  return { seen, result: "gone" };
};

/** Looks up the originals referred to, since they tie follow-ups to streams. */
const withOriginals = async (
  ledger: AnyLedger,
  { reads }: Invocation,
  candidates: readonly Candidate<unknown>[],
): Promise<readonly Candidate<unknown>[]> => {
  const { request, head } = ledger.rows;
  const named = candidates.flatMap(({ parsed }) =>
    parsed.valid && parsed.original ? [parsed.original] : [],
  );
  const items = await reads.items(named.map(original => request.key(original)));
  const originals = new Map<OriginalName, Original>();
  for (const [i, original] of named.entries()) if (items[i]) originals.set(original, request.read(items[i]));
  const tied = candidates.map(candidate => {
    const { parsed } = candidate;
    return {
      ...candidate,
      original: parsed.valid && parsed.original ? originals.get(parsed.original) : undefined,
    };
  });
  // One request each for all heads and, after them, all rows of the requests, instead of one per candidate.
  await reads.items([...new Set(tied.flatMap(streamsNamed))].map(stream => head.key({ stream })));
  await reads.items(tied.flatMap(candidate => ownKeys(ledger, candidate)));
  return tied;
};

const judgeGroup = async (
  ledger: AnyLedger,
  invocation: Invocation,
  group: readonly Candidate<unknown>[],
): Promise<readonly Judged[]> => {
  const judged: Judged[] = [];
  for (const candidate of group) {
    const { seen } = candidate.found;
    const failed = judged.at(-1);
    judged.push(
      failed?.result === "failed"
        ? {
            seen,
            result: "failed",
            error: new Error(`${failed.seen.key} comes first and is not decided yet.`),
          }
        : await judgeOne(ledger, invocation, candidate),
    );
  }
  return judged;
};

const judgeOne = async (
  ledger: AnyLedger,
  invocation: Invocation,
  candidate: Candidate<unknown>,
): Promise<Judged> => {
  const { seen } = candidate.found;
  try {
    const decided = await decide(ledger, invocation, candidate);
    await auditDecision(ledger, seen, decided);
    if (decided.result === "decided") {
      const { registers } = candidate.parsed;
      await releaseAfter(ledger, invocation, { key: seen.key, registers, decided });
    }
    return { seen, ...decided };
  } catch (error) {
    if (error instanceof SplitBrain) throw error;
    return { seen, result: "failed", error };
  }
};
