import type { App } from "../app.ts";
import { readManifest } from "../replay/snapshot/manifest.ts";
import { isSnapshotId } from "../replay/snapshot/snapshot-keys.ts";
import { type Difference, differenceText } from "../replay/verify/differences.ts";
import { verifyDecisions } from "../replay/verify/verify-decisions.ts";
import { verifySnapshot } from "../replay/verify/verify-snapshot.ts";
import { bundleVerifyCommand } from "./bundle.ts";
import { connect } from "./connect.ts";
import { Misused, type Output, Refused } from "./output.ts";
import { createProgressLine, type ProgressLine } from "./progress.ts";

export type VerifyOptions = {
  /** Id of the snapshot to compare with. Absent: the decisions in S3. */
  readonly snapshot?: string | undefined;
  /** The bundles instead of the table: with themselves and with the decisions in S3. */
  readonly isOfBundles?: boolean | undefined;
  readonly isAws: boolean;
};

/** What a comparison ends with. */
type Summary = {
  readonly streams: number;
  readonly differences: number;
  readonly [fact: string]: string | number;
};

/**
 * `daybook verify [--snapshot ID | --bundles]`: compares the table with what S3 says it must be, or the bundles with what
 * they were made of, and names each difference.
 *
 * Returns: the exit code; 1 if anything differs. Throws: `Misused`; `Refused` for a snapshot that is not there;
 *          `SnapshotDamaged`.
 */
export const verifyCommand = async (
  { snapshot, isOfBundles = false, isAws }: VerifyOptions,
  output: Output,
): Promise<number> => {
  if (isOfBundles) {
    if (snapshot !== undefined) throw new Misused("Give either --snapshot or --bundles.");
    return bundleVerifyCommand({ originals: true, isAws }, output);
  }
  const { app, clients } = await connect(isAws);
  const line = createProgressLine();
  try {
    const summary =
      snapshot === undefined
        ? await againstDecisions(app, line, output)
        : await againstSnapshot(app, snapshot, line, output);
    line.close();
    const isEqual = summary.differences === 0;
    if (output.isJson) output.json({ type: "summary", ...summary, isEqual });
    else output.data(summaryText(summary, snapshot));
    return isEqual ? 0 : 1;
  } finally {
    line.close();
    clients.close();
  }
};

const againstSnapshot = async (
  { ledger }: App,
  id: string,
  line: ProgressLine,
  output: Output,
): Promise<Summary> => {
  const place = { objects: ledger.objects, bucket: ledger.decisionsBucket };
  const manifest = isSnapshotId(id) ? await readManifest(place, id) : undefined;
  if (manifest === undefined)
    throw new Refused(`There is no finished snapshot ${id}: "daybook snapshots" lists those there are.`);
  let [streams, differences] = [0, 0];
  for await (const batch of verifySnapshot(ledger, manifest)) {
    streams += batch.streams;
    differences += batch.differences.length;
    tell(batch.differences, output);
    line.show({ doing: "comparing", done: streams, total: manifest.streams, rows: streams });
  }
  return { snapshot: id, streams, differences };
};

const againstDecisions = async ({ ledger }: App, line: ProgressLine, output: Output): Promise<Summary> => {
  line.show({ doing: "reading decisions", done: 0, rows: 0 });
  const found = await verifyDecisions(ledger, (streams, total) =>
    line.show({ doing: "comparing", done: streams, total, rows: streams }),
  );
  for (const fault of found.faults) {
    if (output.isJson) output.json({ type: "fault", fault });
    else output.data(`In S3: ${fault}`);
  }
  tell(found.differences, output);
  const { decisions, streams, newStreams } = found;
  return { decisions, streams, newStreams, differences: found.faults.length + found.differences.length };
};

const tell = (differences: readonly Difference[], output: Output): void => {
  for (const difference of differences) {
    if (output.isJson) output.json({ type: "difference", ...difference });
    else output.data(differenceText(difference));
  }
};

const summaryText = ({ streams, differences, decisions }: Summary, snapshot: string | undefined): string => {
  const with_ = snapshot === undefined ? `the ${decisions} decisions in S3` : `snapshot ${snapshot}`;
  return differences === 0
    ? `Equal: ${streams} streams of the table and ${with_}.`
    : `DIFFERENT: ${differences} differences between the table and ${with_}, ${streams} streams compared.`;
};
