import { textTable } from "../projections/text-table.ts";
import { listRuns, type RunRecord } from "../replay/runs/run-record.ts";
import { connect } from "./connect.ts";
import { runPlaceOf } from "./ingest-summary.ts";
import type { Output } from "./output.ts";

/** Of a digest that is a run's subject; bucket names and others are shown in full. */
const DIGEST = /^[0-9a-f]{64}$/;
const DIGEST_SHOWN = 12;
const RUN_COLUMN: ReadonlySet<number> = new Set([2]);

/** `daybook runs [KIND]`: the newest runs of ingests, crawls and the like, newest first. */
export const runsCommand = async (
  kind: string | undefined,
  { limit, isAws }: { readonly limit: number; readonly isAws: boolean },
  output: Output,
): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    const runs: RunRecord[] = [];
    for await (const run of listRuns(runPlaceOf(app), kind)) runs.push(run);
    const newest = runs.sort((a, b) => (a.begunAt < b.begunAt ? 1 : -1)).slice(0, limit);
    if (output.isJson) output.json({ runs: newest });
    else if (newest.length === 0) output.talk("There were no runs.");
    else output.data(runsTable(newest));
    return 0;
  } finally {
    clients.close();
  }
};

const runsTable = (runs: readonly RunRecord[]): string =>
  textTable(
    ["kind", "subject", "run", "status", "begun", "last seen"],
    runs.map(({ kind, subject, number, status, begunAt, lastSeen }) => [
      kind,
      DIGEST.test(subject) ? subject.slice(0, DIGEST_SHOWN) : subject,
      String(number),
      status,
      begunAt,
      lastSeen,
    ]),
    RUN_COLUMN,
  );
