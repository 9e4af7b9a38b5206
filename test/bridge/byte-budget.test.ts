import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { byteBudget } from "../../src/bridge/byte-budget.ts";
import { digestsOf } from "../../src/bridge/signature.ts";
import { HELD_BYTES_MAX, upload } from "../../src/bridge/upload.ts";
import { ManualClock } from "../../src/local/manual-clock.ts";
import { createBucket } from "../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../src/local/s3/s3.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import type { PartUploads } from "../../src/ports/part-uploads.ts";
import { withCalls } from "./bridge-on-wire.ts";

test("no more bytes are in use than there are, but for one that is larger; all get their turn in order", async () => {
  const asked = fc.array(fc.integer({ min: 0, max: 14 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(asked, fc.func(fc.integer({ min: 0, max: 4 })), async (sizes, turnsOf) => {
      const budget = byteBudget(10);
      const begun: number[] = [];
      let used = 0;
      await Promise.all(
        sizes.map((bytes, at) =>
          budget.within(bytes, async () => {
            begun.push(at);
            used += bytes;
            expect(used <= 10 || used === bytes).toBe(true);
            for (let turn = turnsOf(at); turn > 0; turn -= 1) await Promise.resolve();
            used -= bytes;
          }),
        ),
      );
      expect(begun).toEqual(sizes.map((_, at) => at));
    }),
  );
});

test("what fails gives its bytes back", async () => {
  const budget = byteBudget(1);
  await expect(budget.within(1, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await budget.within(1, () => Promise.resolve("next"))).toBe("next");
});

const FILE_BYTES = 20 * 1024 * 1024;

test("an upload holds a bounded number of bytes, whatever the number of files", async () => {
  const s3 = createS3({
    clock: new ManualClock(1_800_000_000_000),
    random: seededRandom(1),
    deliver: () => {},
  });
  createBucket(s3, "bucket");
  const root = mkdtempSync(join(tmpdir(), "bridge-test-"));
  const paths = ["a", "b", "c", "d", "e", "f"];
  for (const path of paths) writeFileSync(join(root, path), Buffer.alloc(FILE_BYTES, path));
  let [now, most] = [0, 0];
  const objects = withCalls(new LocalObjectStore(s3), {
    put: async request => {
      now += request.body.length;
      most = Math.max(most, now);
      // Long enough for the others to be read meanwhile, if they are.
      for (const path of paths) await readFile(join(root, path));
      now -= request.body.length;
      return { outcome: "stored", eTag: "" };
    },
  });
  const digests = await digestsOf(join(root, "a"));
  const files = paths.map(path => ({ ...digests, path, pulled: undefined }));
  const none = (): never => {
    throw new Error("Expected no parts");
  };
  const parts: PartUploads = { begin: none, put: none, complete: none, abort: none };
  const target = { objects, parts, root, bucket: "bucket", prefix: "", runId: "run", depth: 1 };
  expect(await upload(target, files)).toEqual(paths);
  rmSync(root, { recursive: true });
  expect(most).toBeGreaterThan(FILE_BYTES);
  expect(most).toBeLessThanOrEqual(HELD_BYTES_MAX);
});
