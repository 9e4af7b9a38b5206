import { systemClock } from "../local/system-clock.ts";
import { ObjectFrozen } from "../ports/object-store.ts";
import type { BundlePlace } from "../replay/bundle/place.ts";
import { cloudNow } from "./clock.ts";
import type { Connection } from "./connect.ts";
import { Refused } from "./output.ts";

/** Where a cloud keeps its bundles; its clock shows the moment of asking. */
export const bundlePlace = async (connection: Connection): Promise<BundlePlace> => {
  const { config, ledger } = connection.app;
  const nowMs = await cloudNow(connection);
  return {
    objects: ledger.objects,
    clock: { now: () => nowMs, sleep: systemClock.sleep },
    decisionsBucket: ledger.decisionsBucket,
    archiveBucket: config.buckets.archive,
    rejectedBucket: config.buckets.rejected,
    epoch: ledger.epoch,
  };
};

const DAY_IN_KEY = /^bundle\/(\d{4}-\d{2}-\d{2})\//;

/** What to do about a cold object, for people. */
export const coldText = ({ address: { bucket, key } }: ObjectFrozen): string => {
  const [, day] = DAY_IN_KEY.exec(key) ?? [];
  const how = day === undefined ? `--prefix ${key}` : `--day ${day}`;
  return `s3://${bucket}/${key} is cold: make it readable with "daybook thaw ${how} --wait", then try again.`;
};

/** Does it; a cold object is an answer to whoever typed the command. Throws: `Refused`. */
export const orRefused = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ObjectFrozen ? new Refused(coldText(error), { cause: error }) : error;
  }
};
