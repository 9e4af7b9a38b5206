import type { App } from "../app.ts";
import type { IngestEnd } from "../replay/ingest/ingest-run.ts";
import { RUN_LEASE_MS, type RunPlace } from "../replay/runs/run-record.ts";
import { type Output, Refused } from "./output.ts";
import type { Stopping } from "./stopping.ts";

/** Where records of runs are kept. */
export const runPlaceOf = ({ ledger, clock }: App): RunPlace => ({
  objects: ledger.objects,
  bucket: ledger.decisionsBucket,
  clock,
  epoch: ledger.epoch,
});

/** From now on a wish to stop is answered here, and lets the command end by itself. */
export const stopFlag = (stopping: Stopping): (() => boolean) => {
  let isStopping = false;
  void stopping.asked().then(() => {
    isStopping = true;
  });
  return () => isStopping;
};

/** Failures shown to people; `--json` has more. */
const SHOWN_MAX = 10;

/**
 * Tells how taking something in ended: one document with `--json`, else a line, and one for each failure.
 *
 * Returns: the exit code, 0 only if all was taken in. Throws: `Refused` where another one runs.
 */
export const reportIngest = <At>(
  told: { readonly what: string; readonly facts: object },
  end: IngestEnd<At>,
  output: Output,
): number => {
  if (end.outcome === "busy") throw new Refused(busyText(told.what, end));
  const { outcome, run, start, tally } = end;
  if (output.isJson)
    output.json({ ...told.facts, run, outcome, from: start, ...tally.counts, failures: tally.troubles });
  else showForPeople(told.what, end, output);
  if (outcome === "stopped") output.talk("Stopped: give the same command again to go on.");
  if (outcome === "failed") output.talk("The same command begins with what failed.");
  return outcome === "completed" ? 0 : 1;
};

const showForPeople = <At>(
  what: string,
  { tally }: Exclude<IngestEnd<At>, { outcome: "busy" }>,
  output: Output,
): void => {
  const { records, new: news, known, ambiguous, failed, states } = tally.counts;
  const words = [
    `${news} new`,
    `${known} known`,
    ...(ambiguous > 0 ? [`${ambiguous} left out for want of a version id`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${states} states written`,
  ];
  output.data(`${records} records of ${what}: ${words.join(", ")}`);
  for (const { bucket, key, versionId, reason } of tally.troubles.slice(0, SHOWN_MAX))
    output.talk(`s3://${bucket}/${key} version ${versionId}: ${reason}`);
};

const busyText = (
  what: string,
  { since, lastSeen }: { readonly since: string; readonly lastSeen: string },
): string => {
  const freeAt = new Date(Date.parse(lastSeen) + RUN_LEASE_MS).toISOString();
  return `Another run takes in ${what} since ${since}, last seen ${lastSeen}: wait for its end. If it died, this can begin after ${freeAt}.`;
};
