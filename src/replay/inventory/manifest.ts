import { excerpt, InvalidManifest, UnsupportedFormat } from "./errors.ts";

export type FileFormat = "CSV" | "ORC" | "Parquet";

/** A data file as the manifest lists it. */
export type ListedFile = {
  readonly key: string;
  /** 32 hexadecimal digits. */
  readonly md5?: string | undefined;
};

/** What is used of a manifest. */
export type Manifest = {
  /** The bucket the data files are in, by its name. */
  readonly bucket: string;
  readonly format: FileFormat;
  /** CSV: the names of the columns in their order. The other formats carry their own. */
  readonly schema?: string | undefined;
  /** When the report was begun, milliseconds since the epoch. */
  readonly createdAtMs?: number | undefined;
  readonly files: readonly ListedFile[];
};

const FORMATS: readonly FileFormat[] = ["CSV", "ORC", "Parquet"];
const MD5 = /^[0-9a-fA-F]{32}$/;
const EPOCH_MS = /^\d{1,15}$/;
/** Names of today have 63 characters at most; old buckets of us-east-1 up to 255, upper case and underscores. */
const BUCKET_NAME = /^[A-Za-z0-9._-]{1,255}$/;
const BUCKET_ARN = /^arn:[a-z0-9-]+:s3:::([^/:]+)$/;

/**
 * Reads a manifest from the JSON S3 wrote.
 *
 * Only `destinationBucket` (its ARN or its name), `fileFormat` and the `key` of each file must be there. Sizes and
 * what else there is are ignored.
 *
 * Throws: `InvalidManifest`, `UnsupportedFormat`; both name the file.
 * Source: Amazon S3 User Guide, "Locating your inventory list"; filemanager's inventory function.
 */
export const parseManifest = (bytes: Uint8Array, name: string): Manifest =>
  manifestOf(jsonOf(bytes, name), name);

/** A manifest that was given as an object. Throws as `parseManifest`. */
export const manifestOf = (value: unknown, name: string): Manifest => {
  if (!isFields(value)) throw new InvalidManifest(name, `expected an object, got ${shown(value)}`);
  const { destinationBucket, fileFormat, fileSchema, creationTimestamp, files } = value;
  if (!Array.isArray(files))
    throw new InvalidManifest(name, `expected files to be a list, got ${shown(files)}`);
  return {
    bucket: bucketOf(textAt(destinationBucket, "destinationBucket", name), name),
    format: formatOf(textAt(fileFormat, "fileFormat", name), name),
    schema: isNothing(fileSchema) ? undefined : textAt(fileSchema, "fileSchema", name),
    createdAtMs: createdAtOf(creationTimestamp, name),
    files: files.map((file, index) => fileOf(file, `files[${index}]`, name)),
  };
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === "";

const shown = (value: unknown): string => (value === undefined ? "nothing" : excerpt(JSON.stringify(value)));

const jsonOf = (bytes: Uint8Array, name: string): unknown => {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InvalidManifest(name, `it is not JSON (${(cause as Error).message})`, { cause });
  }
};

const textAt = (value: unknown, field: string, name: string): string => {
  if (typeof value === "string" && value !== "") return value;
  throw new InvalidManifest(name, `expected ${field} to be a text, got ${shown(value)}`);
};

const bucketOf = (text: string, name: string): string => {
  const bucket = text.startsWith("arn:") ? BUCKET_ARN.exec(text)?.[1] : text;
  if (bucket !== undefined && BUCKET_NAME.test(bucket)) return bucket;
  throw new InvalidManifest(
    name,
    `expected destinationBucket to be the name or the S3 ARN of a bucket, got ${excerpt(text)}`,
  );
};

const formatOf = (text: string, name: string): FileFormat => {
  const format = FORMATS.find(known => known.toLowerCase() === text.toLowerCase());
  if (format === undefined) throw new UnsupportedFormat(name, text);
  return format;
};

// S3 writes a text of digits; people who write a manifest by hand a number.
const createdAtOf = (value: unknown, name: string): number | undefined => {
  if (isNothing(value)) return undefined;
  if (!EPOCH_MS.test(String(value)))
    throw new InvalidManifest(
      name,
      `expected creationTimestamp in milliseconds since the epoch, got ${shown(value)}`,
    );
  return Number(value);
};

const fileOf = (value: unknown, field: string, name: string): ListedFile => {
  if (!isFields(value))
    throw new InvalidManifest(name, `expected ${field} to be an object, got ${shown(value)}`);
  const key = textAt(value.key, `${field}.key`, name);
  if (isNothing(value.MD5checksum)) return { key };
  const md5 = textAt(value.MD5checksum, `${field}.MD5checksum`, name);
  if (!MD5.test(md5))
    throw new InvalidManifest(
      name,
      `expected ${field}.MD5checksum to be 32 hexadecimal digits, got ${excerpt(md5)}`,
    );
  return { key, md5 };
};
