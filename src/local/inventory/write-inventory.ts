import { createHash } from "node:crypto";
import { type Clock, isoInstant } from "../../ports/clock.ts";
import type { ListedVersion, ObjectStore } from "../../ports/object-store.ts";
import type { Random } from "../../ports/random.ts";
import { randomUuidOf } from "../ids.ts";
import { columnsOf, type IncludedVersions } from "./columns.ts";
import { csvFormat } from "./csv-format.ts";
import type { DataFormat } from "./data-file.ts";
import { parquetFormat } from "./parquet-format.ts";

/** What S3 is told in an inventory configuration, as far as it is heeded here. */
export type InventoryConfig = {
  readonly sourceBucket: string;
  readonly destinationBucket: string;
  /** Of the report's own keys; none by default. Without a slash at its end. */
  readonly prefix?: string;
  readonly id: string;
  readonly format: "CSV" | "Parquet";
  /** Default: All. */
  readonly includedVersions?: IncludedVersions;
  /** Only keys that begin with this. */
  readonly keyPrefix?: string;
  /** Default: 100,000, which makes a data file of some five megabytes. */
  readonly rowsPerFile?: number;
};

export type WrittenInventory = {
  readonly manifestKey: string;
  readonly checksumKey: string;
  readonly files: readonly ListedDataFile[];
  readonly rows: number;
};

type ListedDataFile = { readonly key: string; readonly size: number; readonly MD5checksum: string };

type Ports = { readonly objects: ObjectStore; readonly clock: Clock; readonly random: Random };

/** Ten million versions, in pages of a thousand: a local bucket with more has a loop in it. */
const PAGES_MAX = 10_000;
const ROWS_PER_FILE = 100_000;
const FORMATS: Readonly<Record<InventoryConfig["format"], DataFormat>> = {
  CSV: csvFormat,
  Parquet: parquetFormat,
};

/**
 * Writes a report of a bucket as S3 Inventory does: data files under `data/`, then the manifest.json in a folder named
 * by the instant, last the manifest.checksum, which says that the report is complete.
 *
 * The bucket is listed page by page: a report of a bucket that changes meanwhile is no snapshot, S3's is none either.
 *
 * Returns: the keys written. Throws: what the object store throws.
 * Source: Amazon S3 User Guide, "Locating your inventory list".
 */
export const writeInventory = async (ports: Ports, config: InventoryConfig): Promise<WrittenInventory> => {
  const { objects, clock } = ports;
  const { destinationBucket: bucket, sourceBucket, includedVersions = "All", prefix = "", id } = config;
  const startedAtMs = clock.now();
  const folder = `${prefix === "" ? "" : `${prefix}/`}${sourceBucket}/${id}`;
  const { files, rows } = await writeDataFiles(ports, config, `${folder}/data`);
  const format = FORMATS[config.format];
  const manifest = `${JSON.stringify(
    {
      sourceBucket,
      destinationBucket: `arn:aws:s3:::${bucket}`,
      version: "2016-11-30",
      creationTimestamp: String(startedAtMs),
      fileFormat: format.name,
      fileSchema: format.schema(columnsOf(includedVersions)),
      files,
    },
    null,
    2,
  )}\n`;
  const reportFolder = `${folder}/${folderTime(startedAtMs)}`;
  const manifestKey = `${reportFolder}/manifest.json`;
  const checksumKey = `${reportFolder}/manifest.checksum`;
  await objects.put({ bucket, key: manifestKey, body: manifest });
  await objects.put({ bucket, key: checksumKey, body: `${md5Of(manifest)}\n` });
  return { manifestKey, checksumKey, files, rows };
};

const writeDataFiles = async (
  { objects, random }: Ports,
  config: InventoryConfig,
  folder: string,
): Promise<{ readonly files: readonly ListedDataFile[]; readonly rows: number }> => {
  const { sourceBucket, destinationBucket, includedVersions = "All", rowsPerFile = ROWS_PER_FILE } = config;
  const format = FORMATS[config.format];
  const columns = columnsOf(includedVersions);
  const files: ListedDataFile[] = [];
  let rows = 0;
  const write = async (versions: readonly ListedVersion[]): Promise<void> => {
    const body = await format.encode({ bucket: sourceBucket, columns, versions });
    const key = `${folder}/${randomUuidOf(random)}.${format.suffix}`;
    await objects.put({ bucket: destinationBucket, key, body });
    files.push({ key, size: body.length, MD5checksum: md5Of(body) });
    rows += versions.length;
  };
  let waiting: ListedVersion[] = [];
  for await (const versions of listedPages(objects, config)) {
    waiting.push(...versions.filter(version => includedVersions === "All" || isCurrentObject(version)));
    while (waiting.length >= rowsPerFile) {
      await write(waiting.slice(0, rowsPerFile));
      waiting = waiting.slice(rowsPerFile);
    }
  }
  if (waiting.length > 0) await write(waiting);
  return { files, rows };
};

async function* listedPages(
  objects: ObjectStore,
  { sourceBucket, keyPrefix }: InventoryConfig,
): AsyncGenerator<readonly ListedVersion[]> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await objects.listVersions({
      bucket: sourceBucket,
      ...(keyPrefix !== undefined && { prefix: keyPrefix }),
      cursor,
    });
    yield listed.versions;
    cursor = listed.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`${sourceBucket} has more than ${PAGES_MAX} pages of versions: write reports by prefix.`);
}

const isCurrentObject = ({ isLatest, isDeleteMarker }: ListedVersion): boolean => isLatest && !isDeleteMarker;

const md5Of = (body: Uint8Array | string): string => createHash("md5").update(body).digest("hex");

/** As S3 names the folder of a report, e.g. `2026-05-06T01-00Z`: when it was begun, to the minute. */
const folderTime = (epochMs: number): string =>
  `${isoInstant(epochMs).slice(0, "2026-05-06T01:00".length).replace(":", "-")}Z`;
