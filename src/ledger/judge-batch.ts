import pMap from "p-map";
import { auditId } from "../tracking/audit-id.ts";
import type { Observation } from "../tracking/observation.ts";
import { type Candidate, independentGroups } from "./canonical-order.ts";
import { type Decided, decide, type Invocation } from "./decide.ts";
import type { Original, OriginalName } from "./domain.ts";
import { type FoundRequest, findRequest, foundInRow, requestObject } from "./found-request.ts";
import type { AnyLedger } from "./ledger.ts";
import { parkedFor } from "./park.ts";
import { SplitBrain } from "./publish.ts";
import { ownKeys } from "./reading.ts";

/** Requests of one batch read from S3 at once, and groups judged at once: a Lambda batch is ten by default. */
const AT_ONCE = 10;
/** Follow-ups one original may have parked: settling happens once, so more is abuse; the rest waits for the sweep. */
const RELEASED_MAX = 1_000;

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
 * One request's trouble is its own, and that of those behind it in its group. Throws only `SplitBrain`.
 */
export const judgeBatch = async (
  ledger: AnyLedger,
  invocation: Invocation,
  observations: readonly Observation[],
): Promise<readonly Judged[]> => {
  const looked = await pMap(observations, seen => look(ledger, seen), { concurrency: AT_ONCE });
  const missing = looked.flatMap(each => ("found" in each ? [] : [each]));
  const candidates = await withOriginals(
    ledger,
    invocation,
    looked.flatMap(each => ("found" in each ? [each.found] : [])),
  );
  const judged = await pMap(independentGroups(candidates), group => judgeGroup(ledger, invocation, group), {
    concurrency: AT_ONCE,
  });
  return [...missing, ...judged.flat()];
};

type Look = { readonly found: FoundRequest } | Judged;

const look = async (ledger: AnyLedger, seen: Observation): Promise<Look> => {
  try {
    const found = await findRequest(ledger.objects, seen);
    if (found) return { found };
    await audit(ledger, seen, "ObjectGone", `version ${seen.versionId} was deleted before it was decided`);
    return { seen, result: "gone" };
  } catch (error) {
    return { seen, result: "failed", error };
  }
};

const candidateOf = (ledger: AnyLedger, found: FoundRequest): Candidate<unknown> => ({
  found,
  parsed: ledger.domain.parse(requestObject(found), ledger.settings),
});

/** Parses what was found and looks up the originals referred to, since they tie follow-ups to streams. */
const withOriginals = async (
  ledger: AnyLedger,
  { reads }: Invocation,
  found: readonly FoundRequest[],
): Promise<readonly Candidate<unknown>[]> => {
  const candidates = found.map(each => candidateOf(ledger, each));
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
  const streams = tied.flatMap(({ parsed, original }) => [
    ...parsed.streams,
    ...(original ? [original.stream] : []),
  ]);
  await reads.items([...new Set(streams)].map(stream => head.key({ stream })));
  await reads.items(tied.flatMap(candidate => ownKeys(ledger, candidate)));
  return tied;
};

const judgeGroup = async (
  ledger: AnyLedger,
  invocation: Invocation,
  group: readonly Candidate<unknown>[],
): Promise<readonly Judged[]> => {
  const judged: Judged[] = [];
  for (const candidate of group) judged.push(await judgeOne(ledger, invocation, candidate));
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
    await tell(ledger, candidate, decided);
    const { registers } = candidate.parsed;
    if (registers && decided.result === "decided") await release(ledger, invocation, registers);
    return { seen, ...decided };
  } catch (error) {
    if (error instanceof SplitBrain) throw error;
    return { seen, result: "failed", error };
  }
};

/** Decides what is parked for an original that is decided, in the order of business time. */
const release = async (ledger: AnyLedger, invocation: Invocation, original: OriginalName): Promise<void> => {
  for (let released = 0; released < RELEASED_MAX; ) {
    const rows = await parkedFor(ledger, original);
    if (rows.length === 0) return;
    for (const row of rows) {
      const candidate = candidateOf(ledger, foundInRow(row));
      invocation.reads.forget([
        ledger.rows.parked.key(row),
        ledger.rows.state.key({ key: row.observation.key }),
      ]);
      await tell(ledger, candidate, await decide(ledger, invocation, candidate));
      released += 1;
    }
  }
};

/** The audit trail of what did not go the plain way; an acceptance is told by its line and its state. */
const tell = async (ledger: AnyLedger, { found }: Candidate<unknown>, decided: Decided): Promise<void> => {
  if (decided.result === "parked") return audit(ledger, found.seen, "Parked", undefined, "release");
  const { outcome, code } = decided.decision;
  if (decided.isNew && outcome === "refused") await audit(ledger, found.seen, "RejectEvent", code, "place");
};

const audit = async (
  ledger: AnyLedger,
  seen: Observation,
  eventType: string,
  errorReason: string | undefined,
  nextAction?: string,
): Promise<void> => {
  const { store, rows } = ledger;
  const item = rows.event.item({
    key: seen.key,
    at: seen.time,
    id: auditId(`${eventType} ${seen.bucket} ${seen.versionId} ${errorReason ?? ""}`),
    eventType,
    errorState: errorReason !== undefined,
    ...(errorReason === undefined ? {} : { errorReason }),
    ...(nextAction === undefined ? {} : { nextAction }),
  });
  await store.write({ put: item });
};
