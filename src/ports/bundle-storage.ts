/**
 * What parts of bundles lie under in the archive bucket. Whoever makes bundles and whoever sets up the bucket must mean
 * the same, so this stands between them, as does the rest of this file.
 */
export const BUNDLE_PREFIX = "bundle/";

/** Days after its storing that a bundle's part goes to its cold class; S3 counts to the next midnight UTC. */
export const BUNDLE_COLD_DAYS = 3;

/** Restored for nothing within twelve hours (Bulk); DEEP_ARCHIVE costs a quarter to keep and takes two days. */
export const BUNDLE_COLD_CLASS = "GLACIER";

/**
 * Only larger parts go to the cold class: up to 15.4 KB the 40 KB that Glacier adds to an object cost more than they
 * save. A rule that names a size also overrides S3's own, by which nothing below 128 KB moves.
 * Source: Amazon S3 User Guide, "Lifecycle transition considerations".
 */
export const BUNDLE_COLD_BYTES_ABOVE = 16 * 1024;

/** Days that an expired copy stays as a noncurrent version, where a mistake can still be undone. */
export const BUNDLED_NONCURRENT_DAYS = 7;

/** The tag of a request's copy once a verified bundle holds the request too: only such copies may expire. */
export const BUNDLED_TAG = { name: "daybook", value: "bundled" } as const;
