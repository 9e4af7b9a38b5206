import { textTable } from "../projections/text-table.ts";
import { type FoundSnapshot, listSnapshots } from "../replay/snapshot/list-snapshots.ts";
import { connect } from "./connect.ts";
import type { Output } from "./output.ts";

/** Enough of a digest to compare by eye. */
const DIGEST_SHOWN = 12;

/** `daybook snapshots`: the snapshots there are, newest first. Returns: the exit code, 1 if one is damaged. */
export const snapshotsCommand = async (isAws: boolean, output: Output): Promise<number> => {
  const { app, clients } = await connect(isAws);
  try {
    const { objects, decisionsBucket: bucket } = app.ledger;
    const found = await listSnapshots({ objects, bucket });
    if (output.isJson) output.json({ snapshots: found.map(snapshotJson) });
    else if (found.length === 0) output.talk('There is no snapshot: "daybook snapshot" takes one.');
    else output.data(snapshotsTable(found));
    const damaged = found.flatMap(({ damage }) => damage ?? []);
    for (const { message } of damaged) output.talk(message);
    return damaged.length === 0 ? 0 : 1;
  } finally {
    clients.close();
  }
};

const bytesOf = ({ manifest }: FoundSnapshot): number =>
  manifest?.parts.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;

const snapshotJson = (found: FoundSnapshot) => {
  const { id, manifest, damage } = found;
  if (damage !== undefined) return { id, isFinished: true, damage: damage.message };
  if (manifest === undefined) return { id, isFinished: false };
  const { takenAt, epoch, streams, totals, parts, digest } = manifest;
  return {
    id,
    isFinished: true,
    takenAt,
    epoch,
    streams,
    totals,
    parts: parts.length,
    bytes: bytesOf(found),
    digest,
  };
};

const snapshotsTable = (all: readonly FoundSnapshot[]): string => {
  const rows = all.map(found => {
    const { id, manifest, damage } = found;
    if (manifest === undefined) return [id, "", "", "", "", damage ? "damaged" : "not finished"];
    const { epoch, streams, parts, digest } = manifest;
    return [
      id,
      String(epoch),
      String(streams),
      String(parts.length),
      String(bytesOf(found)),
      digest.slice(0, DIGEST_SHOWN),
    ];
  });
  return `${textTable(["snapshot", "epoch", "streams", "parts", "bytes", "digest"], rows, new Set([1, 2, 3, 4]))}\n`;
};
