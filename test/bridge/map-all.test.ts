import { expect, test } from "vitest";
import { mapAll } from "../../src/bridge/map-all.ts";

test("keeps the order of its items, and works on no more at once than it may", async () => {
  let now = 0;
  let most = 0;
  const done = await mapAll([5, 1, 4, 2, 3], 2, async turns => {
    now += 1;
    most = Math.max(most, now);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    now -= 1;
    return turns * 10;
  });
  expect(done).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test("begins nothing after a failure, and throws it only when all that was begun has ended", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const slow = Promise.withResolvers<void>();
  const mapped = mapAll([0, 1, 2, 3], 2, async item => {
    begun.push(item);
    if (item === 1) throw new Error("one failed");
    await slow.promise;
    ended.push(item);
  });
  const settled = mapped.catch((error: unknown) => {
    ended.push(-1);
    return error;
  });
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect(ended).toEqual([]);
  slow.resolve();
  expect(await settled).toMatchObject({ message: "one failed" });
  expect(begun).toEqual([0, 1]);
  expect(ended).toEqual([0, -1]);
});
