/** Classes whose prices are here. */
export type PricedClass = "STANDARD" | "GLACIER" | "DEEP_ARCHIVE";

/**
 * What S3 costs, in US dollars, free tiers and taxes left out.
 *
 * Source: Amazon S3 pricing, US East (N. Virginia), as read in November 2026; a GB is 2^30 bytes there.
 */
export const S3_PRICES = {
  region: "us-east-1",
  asOf: "2026-11",
  storagePerGbMonth: { STANDARD: 0.023, GLACIER: 0.0036, DEEP_ARCHIVE: 0.00099 },
  /** PUT, COPY, POST and LIST, and the writing of tags. */
  writePer1000: 0.005,
  /** GET and HEAD, and the reading of tags. */
  readPer1000: 0.0004,
  /** By lifecycle, into the class. */
  transitionPer1000: { STANDARD: 0, GLACIER: 0.03, DEEP_ARCHIVE: 0.05 },
} as const satisfies {
  readonly storagePerGbMonth: Readonly<Record<PricedClass, number>>;
  readonly transitionPer1000: Readonly<Record<PricedClass, number>>;
  readonly [name: string]: unknown;
};

/**
 * What S3 adds to each object in a cold class, in bytes: 32 KB at that class's price, 8 KB at that of STANDARD.
 * Source: Amazon S3 User Guide, "Understanding and managing Amazon S3 storage classes".
 */
export const COLD_OVERHEAD = { coldBytes: 32 * 1024, standardBytes: 8 * 1024 } as const;

const GB = 2 ** 30;

/** Objects of one class: how many, and their bytes together. */
export type Stored = { readonly objects: number; readonly bytes: number; readonly storageClass: PricedClass };

/** Dollars a month for keeping objects. */
export const storagePerMonth = ({ objects, bytes, storageClass }: Stored): number => {
  const { storagePerGbMonth: price } = S3_PRICES;
  if (storageClass === "STANDARD") return (bytes / GB) * price.STANDARD;
  const coldBytes = bytes + objects * COLD_OVERHEAD.coldBytes;
  const standardBytes = objects * COLD_OVERHEAD.standardBytes;
  return (coldBytes / GB) * price[storageClass] + (standardBytes / GB) * price.STANDARD;
};

/** Dollars, once, for requests. */
export const requestCost = ({ reads, writes }: { readonly reads: number; readonly writes: number }): number =>
  (reads * S3_PRICES.readPer1000 + writes * S3_PRICES.writePer1000) / 1000;

/** Dollars, once, for moving objects into a class by lifecycle. */
export const transitionCost = ({ objects, storageClass }: Omit<Stored, "bytes">): number =>
  (objects * S3_PRICES.transitionPer1000[storageClass]) / 1000;
