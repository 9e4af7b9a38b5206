import { textTable } from "../projections/text-table.ts";
import type { BucketView } from "../tracking/bucket-view.ts";
import { type Lifetime, pairedView } from "../tracking/paired-view.ts";
import { type HistoryRow, historyOf } from "../tracking/query/history.ts";
import { readObservations, readState } from "../tracking/refresh-state.ts";
import type { ObjectState } from "../tracking/state.ts";
import { type Counters, countersOf } from "../tracking/views.ts";
import { overObjects, unknownKey } from "./objects-query.ts";
import type { Output } from "./output.ts";

/** `daybook objects get KEY`: all that is known of one key. Throws: `Refused` if nothing is. */
export const objectsGetCommand = (key: string, isAws: boolean, output: Output): Promise<number> =>
  overObjects(isAws, async ({ ledger }) => {
    const state = key === "" ? undefined : await readState(ledger, key);
    if (state === undefined) throw unknownKey(key);
    const counters = countersOf(await readObservations(ledger, key));
    if (output.isJson) output.json({ ...state, attributes: state.attributes ?? {}, counters });
    else output.data(stateText(state, counters));
    return 0;
  });

/** `daybook objects history KEY`: all that happened to one key. Throws: `Refused` if nothing is known of it. */
export const objectsHistoryCommand = (
  key: string,
  view: "flat" | "paired",
  isAws: boolean,
  output: Output,
): Promise<number> =>
  overObjects(isAws, async ({ ledger }) => {
    const rows = key === "" ? [] : await readObservations(ledger, key);
    if (rows.length === 0) throw unknownKey(key);
    const counters = countersOf(rows);
    const shown = view === "flat" ? historyOf(rows) : pairedView(rows);
    if (output.isJson) output.json({ key, view, rows: shown, counters });
    else {
      output.data(view === "flat" ? historyTable(historyOf(rows)) : lifetimesTable(pairedView(rows)));
      output.data(`\n${countersText(counters)}`);
    }
    return 0;
  });

const countersText = ({ observations, duplicates, reordered }: Counters): string =>
  `${observations} observations, ${duplicates} duplicates, ${reordered} out of order`;

const viewText = (view: BucketView): string => {
  if (!view.isPresent) return `${view.isExpired ? "expired" : "deleted"} at ${view.time}`;
  const { versionId, sizeBytes, storageClass, restore, time } = view;
  const restored = restore === undefined ? "" : restore.isOngoing ? ", being restored" : ", restored";
  return `version ${versionId}, ${sizeBytes ?? "?"} bytes, ${storageClass ?? "class unknown"}${restored}, since ${time}`;
};

const decisionText = ({ decision }: ObjectState): string => {
  if (decision === undefined) return "none";
  const places = decision.legs.map(({ stream, sequence }) => `${stream} at ${sequence}`).join(", ");
  return `${decision.code ?? decision.outcome} at ${decision.decidedAt}, on ${places}`;
};

const stateText = (state: ObjectState, counters: Counters): string => {
  const { key, lifecycle, parked, observedAt, buckets, attributes = {} } = state;
  return [
    `${key}: ${lifecycle}`,
    `first seen  ${observedAt}`,
    ...Object.entries(buckets).map(([bucket, view]) => `s3://${bucket}  ${viewText(view)}`),
    `decision    ${decisionText(state)}`,
    ...(parked === undefined ? [] : [`parked      since ${parked.since} for ${parked.awaits ?? "?"}`]),
    `attributes  ${JSON.stringify(attributes)}`,
    `seen        ${countersText(counters)}`,
  ].join("\n");
};

const historyTable = (rows: readonly HistoryRow[]): string =>
  textTable(
    ["time", "bucket", "version", "event", "current", "copies", "out of order", "when it came"],
    rows.map(row => [
      row.time,
      row.bucket,
      row.versionId,
      row.event,
      row.isCurrent ? "current" : "",
      String(row.duplicates),
      row.isReordered ? "yes" : "",
      row.outcome ?? "",
    ]),
    new Set([5]),
  );

const lifetimesTable = (lifetimes: readonly Lifetime[]): string =>
  textTable(
    ["bucket", "version", "created", "ended", "end", "copies"],
    lifetimes.map(({ bucket, versionId, created, ended, end, duplicates }) => [
      bucket,
      versionId,
      created?.time ?? "-",
      ended?.time ?? "-",
      end,
      String(duplicates),
    ]),
    new Set([5]),
  );
