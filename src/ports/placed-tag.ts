/**
 * The tag of a request's source once its verified copy lies in its place. The bucket's lifecycle removes only what
 * bears it, so whoever writes it and whoever sets up the bucket must mean the same.
 */
export const PLACED_TAG = { name: "daybook", value: "placed" } as const;

/** Days after its storing that a placed source expires. S3 counts to the next midnight UTC, so it is up to two days. */
export const PLACED_EXPIRE_DAYS = 1;

/** Days that a placed source stays as a noncurrent version, where a deletion by mistake can still be undone. */
export const PLACED_NONCURRENT_DAYS = 7;
