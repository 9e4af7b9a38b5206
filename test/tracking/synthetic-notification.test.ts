import { expect, test } from "vitest";
import { parseNotification } from "../../src/tracking/notification.ts";
import type { Observation } from "../../src/tracking/observation.ts";
import { observe } from "../../src/tracking/observe.ts";
import { pairedView } from "../../src/tracking/paired-view.ts";
import { syntheticNotification } from "../../src/tracking/synthetic-notification.ts";
import { currentView } from "../../src/tracking/views.ts";

const listed: Observation = {
  source: "listing",
  bucket: "new-events",
  key: "two words+plus/é.event",
  versionId: "v1",
  kind: "created",
  time: "2026-03-01T10:00:00.000Z",
  event: "listing",
  sizeBytes: 5,
  eTag: "d8e8fca2dc0f896fd7cb4cb0031ba249",
  lastModified: "2026-03-01T10:00:00.000Z",
  isLatest: true,
};
const late: Observation = {
  source: "notification",
  bucket: listed.bucket,
  key: listed.key,
  versionId: "v1",
  kind: "created",
  time: "2026-03-01T10:00:00.412Z",
  event: "ObjectCreated:Put",
  sequencer: "0055AED6DCD90281E5",
  sizeBytes: 5,
  eTag: listed.eTag,
};

test("what is told again and S3's own late notification of it are one object, whichever comes first", () => {
  const parsed = parseNotification(syntheticNotification([listed], "eu-central-1"));
  if (parsed.outcome !== "observations") throw new Error(`Expected observations, got ${parsed.outcome}`);
  const [told] = parsed.observations;
  if (told === undefined) throw new Error("Expected one observation");
  expect(told).toMatchObject({ key: listed.key, versionId: "v1", time: listed.time, kind: "created" });
  for (const order of [
    [told, late],
    [late, told],
  ]) {
    let rows: ReturnType<typeof observe>["rows"] = [];
    for (const each of order) rows = observe(rows, each).rows;
    expect(pairedView(rows)).toMatchObject([{ versionId: "v1", end: "open" }]);
    expect(currentView(rows, listed.bucket)?.versionId).toBe("v1");
  }
});
