import { ManualClock } from "../../src/local/manual-clock.ts";
import { configureBucket, createBucket } from "../../src/local/s3/buckets.ts";
import { LocalObjectStore } from "../../src/local/s3/local-object-store.ts";
import { createS3 } from "../../src/local/s3/s3.ts";
import { seededRandom } from "../../src/local/seeded-random.ts";
import { objectStoreContract } from "./object-store.contract.ts";

objectStoreContract("LocalObjectStore", async () => {
  const s3 = createS3({ clock: new ManualClock(Date.UTC(2026, 4, 6)), random: seededRandom(1) });
  for (const name of ["bucket", "other"]) {
    createBucket(s3, name);
    configureBucket(s3, name, { versioning: "enabled" });
  }
  return { store: new LocalObjectStore(s3), bucket: "bucket", other: "other" };
});
