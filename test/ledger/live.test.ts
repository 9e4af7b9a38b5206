import { expect, test } from "vitest";
import { failureOf } from "../../src/cli/failure.ts";
import { ObjectDamaged } from "../../src/ledger/json-in-s3.ts";
import { readLive, repairedAt } from "../../src/ledger/live.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { createBucket } from "../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../src/local/s3/s3.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";

const bucket = "decisions";

const placeWith = async (key: string, body: string) => {
  const s3 = createS3({ clock: new ManualClock(Date.UTC(2026, 0, 1)), random: seededRandom(1) });
  createBucket(s3, bucket);
  const objects = new LocalObjectStore(s3);
  await objects.put({ bucket, key, body });
  return { objects, bucket };
};

test.each(["garbage", "", "null", "{}", '{"epoch":2}', "[1]"])(
  "a pointer or a mark that holds %j is named, with what to do",
  async body => {
    const pointer = await placeWith("live/000002", body);
    await expect(readLive(pointer)).rejects.toThrow(
      /^s3:\/\/decisions\/live\/000002 does not hold a pointer to the live table: .*Put its former version back/,
    );
    const mark = await placeWith("repaired/000002", body);
    const failure = await repairedAt(mark, 2).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ObjectDamaged);
    expect(failureOf(failure)).toMatchObject({
      exitCode: 1,
      text: expect.stringContaining("repaired/000002"),
    });
  },
);

test("a table that is not there is told as that, not as the cloud's fault", () => {
  const error = Object.assign(new Error("Cannot do operations on a non-existent table"), {
    name: "ResourceNotFoundException",
    $metadata: {},
  });
  expect(failureOf(error)).toMatchObject({
    exitCode: 1,
    text: expect.stringMatching(/^The table is not there .*daybook restore/),
  });
});
