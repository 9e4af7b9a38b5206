import type { ObjectStore } from "../../ports/object-store.ts";
import { InvalidChecksumFile, InvalidManifest, ManifestMissing } from "./errors.ts";
import { filesBeside, openFile } from "./file-source.ts";
import { type Manifest, manifestOf, parseManifest } from "./manifest.ts";
import { objectsIn, openObject } from "./object-source.ts";
import type { Source, Sources } from "./source.ts";
import { compareMd5, md5Of } from "./verify.ts";

/** A report of S3 Inventory, ready to be read. */
export type Report = {
  /** The manifest's path or address; `the manifest` where it was given as an object. */
  readonly name: string;
  readonly manifest: Manifest;
  readonly sources: Sources;
};

/** Where a manifest.json, or the manifest.checksum beside it, is in S3. */
export type ManifestAddress = { readonly bucket: string; readonly key: string };

/** A manifest itself, as S3 writes it; its shape is checked. */
export type InlineManifest = {
  readonly destinationBucket: string;
  readonly fileFormat: string;
  readonly files: readonly { readonly key: string; readonly MD5checksum?: string }[];
  readonly fileSchema?: string;
  readonly creationTimestamp?: string;
};

/** 300,000 data files, each of which holds up to some million rows: what is larger is no manifest. */
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;
/** A checksum has 32 digits and a line feed; room for the name that md5sum adds. */
const CHECKSUM_BYTES_MAX = 4096;
const CHECKSUM = /^([0-9a-fA-F]{32})\s*$/;
const CHECKSUM_SUFFIX = ".checksum";

/**
 * Opens a report whose data files are in S3: by the address of its `manifest.json`, by that of its
 * `manifest.checksum`, or by the manifest itself.
 *
 * By the checksum, the manifest of the same name ending in `.json` is read and its MD5 verified. What the key ends in
 * decides, so a manifest.json that is damaged is told as such.
 *
 * Throws: `ManifestMissing`, `InvalidManifest`, `UnsupportedFormat`, `InvalidChecksumFile`, `ChecksumMismatch`; what
 *         the object store throws.
 * Source: Amazon S3 User Guide, "Locating your inventory list"; filemanager's inventory function, whose payload this is.
 */
export const openReport = async (
  given: ManifestAddress | InlineManifest,
  objects: ObjectStore,
): Promise<Report> => {
  if (!("bucket" in given)) return reportOf(manifestOf(given, "the manifest"), "the manifest", objects);
  const { bucket, key } = given;
  const nameOf = (file: string) => `s3://${bucket}/${file}`;
  const { manifest, name } = await readManifest(
    key,
    file => openObject(objects, { bucket, key: file }),
    nameOf,
  );
  return reportOf(manifest, name, objects);
};

/**
 * Opens a report on disk by the path of its `manifest.json` or `manifest.checksum`. Its data files are found beside
 * the manifest by the last parts of their keys.
 *
 * Throws as `openReport`; what the disk throws.
 */
export const openReportFile = async (path: string): Promise<Report> => ({
  ...(await readManifest(path, openFile, file => file)),
  sources: filesBeside(path),
});

/** A report of a manifest given as an object, whose data files are wherever `sources` finds them. */
export const inlineReport = (manifest: InlineManifest, sources: Sources): Report => ({
  name: "the manifest",
  manifest: manifestOf(manifest, "the manifest"),
  sources,
});

const reportOf = (manifest: Manifest, name: string, objects: ObjectStore): Report => ({
  name,
  manifest,
  sources: objectsIn(objects, manifest.bucket),
});

type Open = (file: string) => Promise<Source | undefined>;

const readManifest = async (
  file: string,
  open: Open,
  nameOf: (file: string) => string,
): Promise<{ readonly manifest: Manifest; readonly name: string }> => {
  const present = async (wanted: string): Promise<Source> => {
    const source = await open(wanted);
    if (source === undefined) throw new ManifestMissing(nameOf(wanted));
    return source;
  };
  if (!file.endsWith(CHECKSUM_SUFFIX)) {
    const source = await present(file);
    return { manifest: parseManifest(await wholeManifest(source), source.name), name: source.name };
  }
  const expected = await checksumIn(await present(file));
  const source = await present(`${file.slice(0, -CHECKSUM_SUFFIX.length)}.json`);
  const bytes = await wholeManifest(source);
  compareMd5(source.name, expected, md5Of(bytes));
  return { manifest: parseManifest(bytes, source.name), name: source.name };
};

const checksumIn = async (source: Source): Promise<string> => {
  const bytes = await source.read(0, Math.min(source.sizeBytes, CHECKSUM_BYTES_MAX));
  const text = new TextDecoder().decode(bytes);
  const checksum = CHECKSUM.exec(text)?.[1];
  if (checksum === undefined) throw new InvalidChecksumFile(source.name, text);
  return checksum;
};

const wholeManifest = async (source: Source): Promise<Uint8Array> => {
  if (source.sizeBytes > MANIFEST_BYTES_MAX)
    throw new InvalidManifest(source.name, `it has ${source.sizeBytes} bytes`);
  return source.read(0, source.sizeBytes);
};
