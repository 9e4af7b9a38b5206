import { createHash } from "node:crypto";
import { openReportFile, type Report } from "../replay/inventory/open-report.ts";
import { readBatches } from "../replay/inventory/read-report.ts";
import { canonicalLine, type InventoryRecord } from "../replay/inventory/record.ts";
import { connect } from "./connect.ts";
import { manifestPlace, openManifest } from "./open-manifest.ts";
import type { Output } from "./output.ts";

export type InventoryReadOptions = {
  /** Print how many records there are, and their fingerprint, instead of the records. */
  readonly isCount: boolean;
  /** For a manifest in S3: AWS itself, as for other commands. */
  readonly isAws: boolean;
};

/** Wide enough for the sizes of most objects; larger ones push the rest of their line to the right. */
const SIZE_WIDTH = 12;

/**
 * `daybook inventory read MANIFEST`: prints the records of an S3 Inventory report in their order.
 *
 * MANIFEST is a manifest.json or manifest.checksum, a path or an s3:// address. The data files of a manifest on disk are
 * found beside it by the last part of their keys. All MD5s are compared before the first record is printed.
 *
 * With `--json`: each record as one line, its canonical form (see `canonicalLine`), and nothing else. With `--count`:
 * the number of records and the SHA-256 over the canonical lines of all of them; so `--json` piped through sha256sum
 * gives the same, and so does the same report in another format.
 *
 * Needs no table, and for a manifest on disk no cloud. Throws: `Misused`; `InventoryError` with what is wrong with which file.
 */
export const inventoryReadCommand = async (
  manifest: string,
  options: InventoryReadOptions,
  output: Output,
): Promise<number> => {
  const { report, close } = await opened(manifest, options.isAws);
  try {
    const open = await report();
    await (options.isCount ? printCount : printRecords)(open, output);
    return 0;
  } finally {
    close();
  }
};

type Opened = { report(): Promise<Report>; close(): void };

const opened = async (manifest: string, isAws: boolean): Promise<Opened> => {
  const place = manifestPlace(manifest);
  if ("path" in place) return { report: () => openReportFile(place.path), close: () => {} };
  const { app, clients } = await connect(isAws);
  return { report: () => openManifest(place, app.ledger.objects), close: () => clients.close() };
};

const printRecords = async (report: Report, output: Output): Promise<void> => {
  const line = output.isJson ? canonicalLine : lineForPeople;
  for await (const { records } of readBatches(report)) output.data(records.map(line).join(""));
};

const printCount = async (report: Report, output: Output): Promise<void> => {
  const hash = createHash("sha256");
  let count = 0;
  for await (const { records } of readBatches(report)) {
    count += records.length;
    hash.update(records.map(canonicalLine).join(""));
  }
  const sha256 = hash.digest("hex");
  if (output.isJson) output.json({ records: count, sha256 });
  else output.data(`${count} records, SHA-256 ${sha256}`);
};

const lineForPeople = (record: InventoryRecord): string => {
  const { bucket, key, versionId, isLatest, isDeleteMarker, size, lastModified, storageClass } = record;
  const words = [
    lastModified ?? "-",
    String(size ?? "-").padStart(SIZE_WIDTH),
    storageClass ?? "-",
    `s3://${bucket}/${key}`,
    ...(versionId === null ? [] : [`version ${versionId}`]),
    ...(isLatest === false ? ["not current"] : []),
    ...(isDeleteMarker === true ? ["deleted"] : []),
  ];
  return `${words.join("  ")}\n`;
};
