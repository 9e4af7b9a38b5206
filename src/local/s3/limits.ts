import { Buffer } from "node:buffer";
import type { StorageClass, Tags } from "../../ports/object-store.ts";
import { S3Error } from "./s3-error.ts";

/** Source: Amazon S3 User Guide, "Naming Amazon S3 objects". */
const KEY_BYTES_MAX = 1024;
/** Source: Amazon S3 User Guide, "Working with object metadata": names and values together. */
const METADATA_BYTES_MAX = 2048;
/** Source: Amazon S3 User Guide, "Categorizing your objects using tags". */
const TAGS_MAX = 10;
const TAG_KEY_CHARACTERS_MAX = 128;
const TAG_VALUE_CHARACTERS_MAX = 256;

const STORAGE_CLASSES: ReadonlySet<string> = new Set<StorageClass>([
  "STANDARD",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "REDUCED_REDUNDANCY",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
]);

/** Throws: S3Error KeyTooLongError, InvalidURI. */
export const checkKey = (key: string): void => {
  if (key === "" || !key.isWellFormed()) throw new S3Error("InvalidURI", "Couldn't parse the specified URI.");
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new S3Error("KeyTooLongError", "Your key is too long", {
      facts: { MaxSizeAllowed: String(KEY_BYTES_MAX), Size: String(Buffer.byteLength(key)) },
    });
  }
};

/** Throws: S3Error MetadataTooLarge. */
export const checkMetadata = (metadata: Readonly<Record<string, string>>): void => {
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(metadata))
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (sizeBytes > METADATA_BYTES_MAX) {
    throw new S3Error("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", {
      facts: { MaxSizeAllowed: String(METADATA_BYTES_MAX), Size: String(sizeBytes) },
    });
  }
};

/** Throws: S3Error InvalidTag. */
export const checkTags = (tags: Tags): void => {
  const entries = Object.entries(tags);
  if (entries.length > TAGS_MAX) throw new S3Error("InvalidTag", "Object tags cannot be greater than 10");
  for (const [name, value] of entries) {
    if (name.length === 0 || name.length > TAG_KEY_CHARACTERS_MAX) {
      throw new S3Error("InvalidTag", "The TagKey you have provided is invalid", { facts: { TagKey: name } });
    }
    if (value.length > TAG_VALUE_CHARACTERS_MAX) {
      throw new S3Error("InvalidTag", "The TagValue you have provided is invalid", {
        facts: { TagKey: name },
      });
    }
  }
};

/** Throws: S3Error InvalidStorageClass. */
export const storageClassOf = (text: string | undefined): StorageClass => {
  if (text === undefined) return "STANDARD";
  if (!STORAGE_CLASSES.has(text)) {
    throw new S3Error("InvalidStorageClass", "The storage class you specified is not valid", {
      facts: { StorageClassRequested: text },
    });
  }
  return text as StorageClass; // just looked up in the set of them
};
