import { expect, it } from "vitest";
import type { ObjectFacts } from "../../../src/ports/object-store.ts";
import { unreadable } from "../../../src/tracking/query/readable.ts";
import { onDay } from "./states.ts";

type Stored = Pick<ObjectFacts, "storageClass" | "restore">;

it.each<[string, Stored, string | undefined, string | undefined]>([
  ["warm", { storageClass: "STANDARD_IA" }, undefined, undefined],
  ["cold but instant", { storageClass: "GLACIER_IR" }, undefined, undefined],
  ["cold", { storageClass: "GLACIER" }, undefined, "it is in GLACIER"],
  ["colder", { storageClass: "DEEP_ARCHIVE" }, undefined, "it is in DEEP_ARCHIVE"],
  ["being restored", { storageClass: "GLACIER", restore: { ongoing: true } }, undefined, "not completed"],
  [
    "restored",
    { storageClass: "GLACIER", restore: { ongoing: false, expiresAt: onDay(3) } },
    undefined,
    undefined,
  ],
  [
    "restored once",
    { storageClass: "GLACIER", restore: { ongoing: false, expiresAt: onDay(1) } },
    undefined,
    "no readable copy",
  ],
  ["in a tier", { storageClass: "INTELLIGENT_TIERING" }, "ARCHIVE_ACCESS", "it is in ARCHIVE_ACCESS"],
  ["in no cold tier", { storageClass: "INTELLIGENT_TIERING" }, undefined, undefined],
])("what is %s", (_name, facts, accessTier, reason) => {
  const told = unreadable(facts, accessTier, onDay(2));
  if (reason === undefined) expect(told).toBeUndefined();
  else expect(told).toContain(reason);
});
