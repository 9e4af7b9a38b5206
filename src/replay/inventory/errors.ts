/**
 * A report cannot be read. The message says which file, what is wrong with it and what to do.
 *
 * Trouble with the disk or the network is none of these: it travels up as it is.
 */
export class InventoryError extends Error {
  override readonly name: string = "InventoryError";
  /** The path, or the s3:// address, of the file that is at fault. */
  readonly file: string;

  constructor(file: string, what: string, remedy: string, options?: ErrorOptions) {
    super(`${file}: ${what}. ${remedy}`, options);
    this.file = file;
  }
}

export class ManifestMissing extends InventoryError {
  override readonly name = "ManifestMissing";
  constructor(file: string) {
    super(file, "there is no such file", "Give the manifest.json or the manifest.checksum of a report.");
  }
}

/** Not JSON, or a field that is not what AWS writes there. */
export class InvalidManifest extends InventoryError {
  override readonly name = "InvalidManifest";
  constructor(file: string, what: string, options?: ErrorOptions) {
    super(file, `is no manifest of an inventory: ${what}`, "Give a manifest.json as S3 wrote it.", options);
  }
}

/** A manifest.checksum that holds something other than an MD5. */
export class InvalidChecksumFile extends InventoryError {
  override readonly name = "InvalidChecksumFile";
  constructor(file: string, got: string) {
    super(
      file,
      `expected the MD5 of the manifest, 32 hexadecimal digits, got ${excerpt(got)}`,
      "Copy the report again.",
    );
  }
}

/** The bytes of a file are not those the report was written with. No record was handed on. */
export class ChecksumMismatch extends InventoryError {
  override readonly name = "ChecksumMismatch";
  constructor(file: string, { expected, got }: { readonly expected: string; readonly got: string }) {
    super(
      file,
      `its MD5 is ${got}, the report says ${expected}`,
      "It was changed or damaged: copy it again.",
    );
  }
}

export class DataFileMissing extends InventoryError {
  override readonly name = "DataFileMissing";
  constructor(file: string, manifest: string) {
    super(
      file,
      `is listed in ${manifest} and not there`,
      "Copy the report's data files, on disk into the folder of its manifest.",
    );
  }
}

export class UnsupportedFormat extends InventoryError {
  override readonly name = "UnsupportedFormat";
  constructor(file: string, got: string) {
    super(file, `its fileFormat is ${excerpt(got)}`, "Formats that can be read are CSV, ORC and Parquet.");
  }
}

/** The columns are not those of an inventory. */
export class InvalidSchema extends InventoryError {
  override readonly name = "InvalidSchema";
  constructor(file: string, what: string) {
    super(file, what, "A report needs at least the columns of bucket and key, each once.");
  }
}

/** One row is not what its columns say. Rows count from 1, a header is not counted. */
export class InvalidRow extends InventoryError {
  override readonly name = "InvalidRow";
  readonly row: number;
  constructor(file: string, row: number, what: string, options?: ErrorOptions) {
    super(file, `row ${row}: ${what}`, "Compare the columns of the file with the report's schema.", options);
    this.row = row;
  }
}

export class TruncatedFile extends InventoryError {
  override readonly name = "TruncatedFile";
  constructor(file: string, what: string, options?: ErrorOptions) {
    super(file, `ends too early: ${what}`, "Copy it again.", options);
  }
}

/** The bytes do not follow the format they claim to have. */
export class CorruptFile extends InventoryError {
  override readonly name = "CorruptFile";
  constructor(file: string, what: string, options?: ErrorOptions) {
    super(
      file,
      `cannot be read: ${what}`,
      "Copy it again, or check that the manifest names its format.",
      options,
    );
  }
}

/** Compressed in a way there is no reader for. */
export class UnsupportedCodec extends InventoryError {
  override readonly name = "UnsupportedCodec";
  constructor(file: string, codec: string) {
    super(file, `is compressed with ${codec}, which cannot be read here`, "S3 writes GZIP, ZLIB and SNAPPY.");
  }
}

/** A column has a type, or an encoding, that there is no reader for. */
export class UnsupportedType extends InventoryError {
  override readonly name = "UnsupportedType";
  constructor(file: string, { column, type }: { readonly column: string; readonly type: string }) {
    super(
      file,
      `column ${column} has the type ${type}, which cannot be read here`,
      "Columns are texts, truth values, whole numbers and timestamps, as S3 writes them.",
    );
  }
}

/** The file was replaced between its check and its reading. */
export class FileChanged extends InventoryError {
  override readonly name = "FileChanged";
  constructor(file: string) {
    super(file, "was changed while it was read", "Read the report again when nobody writes to it.");
  }
}

/** Inside a reader, where the name of the file is not known: what is wrong with the bytes, or with a row. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

const EXCERPT_LENGTH = 60;

/** The beginning of what was found, quoted for a message. */
export const excerpt = (text: string): string =>
  JSON.stringify(text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}...` : text);
