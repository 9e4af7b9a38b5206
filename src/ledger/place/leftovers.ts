import { isoInstant } from "../../ports/clock.ts";
import type { ListedObject, ObjectStore } from "../../ports/object-store.ts";
import { PLACED_EXPIRE_DAYS } from "../../ports/placed-tag.ts";

const DAY_MS = 86_400_000;
/** S3 counts to the next midnight, and then takes up to two days to remove what is due. */
const SLACK_DAYS = 3;
/** 10 million objects: those of the last days alone, where the lifecycle works. */
const PAGES_MAX = 10_000;

/**
 * Current objects of the requests bucket that should have left it, by their age alone: a tagged one is removed long
 * before. They are not tagged, whatever the table says: second copies of a decided request, or a placement that was
 * broken off before its end.
 */
export async function* leftovers(
  objects: ObjectStore,
  bucket: string,
  nowMs: number,
): AsyncGenerator<ListedObject> {
  const before = isoInstant(nowMs - (PLACED_EXPIRE_DAYS + SLACK_DAYS) * DAY_MS);
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const listed = await objects.list({ bucket, cursor });
    yield* listed.objects.filter(({ lastModified }) => lastModified < before);
    cursor = listed.cursor;
    if (cursor === undefined) return;
  }
  throw new Error(`More than ${PAGES_MAX} pages of objects in s3://${bucket}: its lifecycle does not work.`);
}
