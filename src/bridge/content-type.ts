import { extname } from "node:path";

/** What programs write, by the end of its name. Source: IANA, "Media Types". */
const TYPES: Readonly<Record<string, string>> = {
  ".avro": "application/avro",
  ".css": "text/css",
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".gz": "application/gzip",
  ".htm": "text/html",
  ".html": "text/html",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript",
  ".json": "application/json",
  ".md": "text/markdown",
  ".ndjson": "application/x-ndjson",
  ".parquet": "application/vnd.apache.parquet",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".tsv": "text/tab-separated-values",
  ".txt": "text/plain",
  ".xml": "application/xml",
  ".zip": "application/zip",
};

/** The type of an object's content by its name; undefined where that says nothing. */
export const contentTypeOf = (path: string): string | undefined => TYPES[extname(path).toLowerCase()];
