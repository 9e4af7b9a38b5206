import type { ObjectStore } from "../../ports/object-store.ts";
import { objectsUnder } from "../bundle/place.ts";
import { openReport, type Report } from "../inventory/open-report.ts";

const CHECKSUM = /\/(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}Z)\/manifest\.checksum$/;

/**
 * The newest complete report among the objects of a bucket that reports go to: the one whose checksum, which S3 writes
 * last, lies in the folder with the latest time.
 *
 * `prefix`: of the reports. Returns: undefined if there is none. Throws: as `openReport`; what S3 throws.
 * Source: Amazon S3 User Guide, "Locating your inventory list".
 */
export const newestReport = async (
  objects: ObjectStore,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
): Promise<Report | undefined> => {
  let newest: { readonly key: string; readonly time: string } | undefined;
  for await (const { key } of objectsUnder(objects, { bucket, prefix })) {
    const [, time] = CHECKSUM.exec(key) ?? [];
    if (time !== undefined && (newest === undefined || time > newest.time)) newest = { key, time };
  }
  return newest && openReport({ bucket, key: newest.key }, objects);
};
