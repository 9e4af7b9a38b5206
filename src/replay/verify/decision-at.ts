import pMap from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import type { Item } from "../../table/store.ts";
import type { Difference } from "./difference.ts";
import { decisionIn, type FoundDecision, findDecision } from "./find-decision.ts";

/** Looks at one place; a second one finds what was published between the first and the question for its versions. */
const LOOKS_MAX = 2;
const LINES_AT_ONCE = 16;

/** What there is at a place. `isPublished`: false for a head's own decision that never was in S3. */
export type DecisionAt =
  | { readonly found: FoundDecision; readonly isPublished: boolean }
  | { readonly lost: Difference };

/**
 * The decision at a place that the table has and the listing of S3 did not show: one that was decided while it was listed,
 * or one that S3 lacks.
 *
 * Only the head's own decision may be committed and not published yet: its message comes again, or reconcile publishes it.
 * Where S3 still knows a version of it, it was, and is lost. Throws: what the ports throw.
 */
export const decisionAt = async (
  ledger: AnyLedger,
  place: { readonly stream: string; readonly sequence: number },
): Promise<DecisionAt> => {
  const { rows, store, projection } = ledger;
  const { stream, sequence } = place;
  let shown: Item | undefined;
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const [head, line] = await store.get([rows.head.key({ stream }), projection.lineKey(stream, sequence)]);
    shown = line;
    const last = head?.sequence === sequence && typeof head.last === "string" ? head.last : undefined;
    const found = await findDecision(ledger, place, { shown, last });
    if (found) return { found, isPublished: true };
    const own = last === undefined ? undefined : decisionIn(ledger, place, { text: last });
    if (own === undefined || Number(head?.publishedThrough) >= sequence) break;
    if (!(await wasPublished(ledger, own.link.name))) return { found: own, isPublished: false };
  }
  return { lost: lostAt(ledger, stream, sequence, shown) };
};

/** Whether S3 has a version of the object, or a mark that it was deleted. Needs the bucket's versioning. */
const wasPublished = async (
  { objects, decisionsBucket: bucket }: AnyLedger,
  name: string,
): Promise<boolean> => {
  // The name itself sorts before all that begin with it.
  const { versions } = await objects.listVersions({ bucket, prefix: name });
  return versions.some(({ key }) => key === name);
};

const lostAt = (
  { projection }: AnyLedger,
  stream: string,
  sequence: number,
  shown: Item | undefined,
): Difference => {
  const key = shown && projection.legOf(shown)?.key;
  const expected = key === undefined ? `a decision at ${sequence}` : `the decision of ${key}`;
  return { stream, sequence, what: "decision-missing", expected, found: `none after ${sequence - 1}` };
};

/** The same faults; of decisions that S3 lacks in the middle of a chain with what the table's lines say of them. */
export const namedByTable = (
  ledger: AnyLedger,
  faults: readonly Difference[],
): Promise<readonly Difference[]> =>
  pMap(
    faults,
    async fault => {
      const { stream, sequence, what, found } = fault;
      if (what !== "decision-missing") return fault;
      const [shown] = await ledger.store.get([ledger.projection.lineKey(stream, sequence)]);
      return { ...lostAt(ledger, stream, sequence, shown), found };
    },
    { concurrency: LINES_AT_ONCE },
  );
