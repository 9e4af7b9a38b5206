import type { App } from "../app.ts";
import { isEpochOver } from "../ledger/publish.ts";
import { readManifest } from "../replay/snapshot/manifest.ts";
import { isSnapshotId } from "../replay/snapshot/snapshot-keys.ts";
import { type Difference, differenceText } from "../replay/verify/difference.ts";
import { verifyDecisions } from "../replay/verify/verify-decisions.ts";
import { verifyRows } from "../replay/verify/verify-rows.ts";
import { verifySnapshot } from "../replay/verify/verify-snapshot.ts";
import { bundleVerifyCommand } from "./bundle.ts";
import { type Connection, connect } from "./connect.ts";
import { Misused, type Output, Refused } from "./output.ts";
import { createProgressLine, type ProgressLine } from "./progress.ts";
import { verifyAccount } from "./verify-account.ts";

export type VerifyOptions = {
  /** Id of the snapshot to compare with. Absent: the decisions in S3. */
  readonly snapshot?: string | undefined;
  /** The bundles instead of the table: with themselves and with the decisions in S3. */
  readonly isOfBundles?: boolean | undefined;
  /** Every row, not the heads alone. */
  readonly isOfRows?: boolean | undefined;
  /** Every row of this account, and each decision told. */
  readonly account?: string | undefined;
  readonly isAws: boolean;
};

/** What a comparison ends with. `text`: in a sentence, after whether it is equal. */
export type VerifySummary = {
  readonly facts: Readonly<Record<string, string | number>>;
  readonly differences: number;
  readonly text: string;
};

/** Where a comparison tells what it does and finds. */
export type Telling = {
  readonly line: ProgressLine;
  readonly output: Output;
  readonly tell: (differences: readonly Difference[]) => void;
};

/**
 * `daybook verify [--snapshot ID | --bundles | --rows | --account N]`: compares the table with what S3 says it must be, or
 * the bundles with what they were made of, and names each difference.
 *
 * Returns: the exit code; 1 if anything differs, or the table's epoch is over. Throws: `Misused`; `Refused` for what is not there, and for manifests
 *          that cannot be read; `SnapshotDamaged`.
 */
export const verifyCommand = async (options: VerifyOptions, output: Output): Promise<number> => {
  const { snapshot, isOfBundles = false, isOfRows = false, account, isAws } = options;
  const chosen = [snapshot !== undefined, isOfBundles, isOfRows, account !== undefined].filter(
    Boolean,
  ).length;
  if (chosen > 1) throw new Misused("Give one of --snapshot, --bundles, --rows and --account.");
  if (isOfBundles) return bundleVerifyCommand({ originals: true, isAws }, output);
  const connection = await connect(isAws);
  const line = createProgressLine();
  try {
    const telling: Telling = { line, output, tell: differences => tell(differences, output) };
    const { facts, differences, text } = await compare(connection, options, telling);
    line.close();
    const isEqual = differences === 0;
    // Equal or not: what is compared is no longer what counts, and nobody is told anything by this table.
    const isOver = await isEpochOver({ ...connection.app.ledger, onEpochOver: undefined });
    if (output.isJson)
      output.json({ type: "summary", ...facts, differences, isEqual, ...(isOver && { isEpochOver: true }) });
    else output.data(isEqual ? `Equal: ${text}.` : `DIFFERENT: ${differences} differences; ${text}.`);
    if (isOver) output.talk(overText(connection.app.ledger));
    return isEqual && !isOver ? 0 : 1;
  } finally {
    line.close();
    connection.clients.close();
  }
};

/** A restore has begun; or it was finished, and the pointer it left is gone. */
const overText = ({ epoch, decisionsBucket: bucket }: App["ledger"]): string =>
  `But epoch ${epoch} is over: a restore has begun, so finish it with "daybook restore"; if it was finished, bring back s3://${bucket}/live/, where its pointer was.`;

const compare = (
  { app }: Connection,
  { snapshot, isOfRows, account }: VerifyOptions,
  telling: Telling,
): Promise<VerifySummary> => {
  if (snapshot !== undefined) return againstSnapshot(app, snapshot, telling);
  if (account !== undefined) return verifyAccount(app, account, telling);
  return isOfRows ? rowByRow(app, telling) : againstDecisions(app, telling);
};

const againstSnapshot = async ({ ledger }: App, id: string, telling: Telling): Promise<VerifySummary> => {
  const place = { objects: ledger.objects, bucket: ledger.decisionsBucket };
  const manifest = isSnapshotId(id) ? await readManifest(place, id) : undefined;
  if (manifest === undefined)
    throw new Refused(`There is no finished snapshot ${id}: "daybook snapshots" lists those there are.`);
  let [streams, differences] = [0, 0];
  for await (const batch of verifySnapshot(ledger, manifest)) {
    streams += batch.streams;
    differences += batch.differences.length;
    telling.tell(batch.differences);
    telling.line.show({ doing: "comparing", done: streams, total: manifest.streams, rows: streams });
  }
  const text = `${streams} streams of the table and snapshot ${id}`;
  return { facts: { snapshot: id, streams }, differences, text };
};

const againstDecisions = async ({ ledger }: App, { line, tell }: Telling): Promise<VerifySummary> => {
  const { decisions, streams, newStreams, unpublished, faults, differences } = await verifyDecisions(
    ledger,
    (done, total) => line.show({ doing: "comparing", done, total, rows: done }),
    rows => line.show({ doing: "reading decisions", done: 0, rows }),
  );
  tell([...faults, ...differences]);
  return {
    facts: { decisions, streams, newStreams, unpublished },
    differences: faults.length + differences.length,
    text: `${streams} streams of the table and the ${decisions} decisions in S3${unpublishedText(unpublished)}`,
  };
};

const rowByRow = async ({ ledger }: App, { line, tell }: Telling): Promise<VerifySummary> => {
  const { differences, ...facts } = await verifyRows(ledger, {
    onProgress: ({ doing, done, total }) =>
      line.show({ doing, done, rows: done, ...(total !== undefined && { total }) }),
    onDifferences: tell,
  });
  const { rows, streams, decisions, unpublished, moving } = facts;
  const text = `${rows} rows of ${streams} streams and the ${decisions} decisions in S3`;
  const moved = moving === 0 ? "" : `; ${moving} streams moved all the time, their heads were not compared`;
  return { facts, differences, text: `${text}${unpublishedText(unpublished)}${moved}` };
};

/** What is no difference, and should not stay so. */
export const unpublishedText = (count: number): string =>
  count === 0 ? "" : `; ${count} newest decisions are not published yet, "daybook reconcile" does it`;

const tell = (differences: readonly Difference[], output: Output): void => {
  for (const difference of differences) {
    if (output.isJson) output.json({ type: "difference", ...difference });
    else output.data(differenceText(difference));
  }
};
