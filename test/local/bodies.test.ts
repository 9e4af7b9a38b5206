import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { fileBodies } from "../../src/local/durability/file-bodies.ts";
import { memoryBodies } from "../../src/local/s3/bodies.ts";

const folder = mkdtempSync(join(tmpdir(), "daybook-bodies-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["in memory", memoryBodies],
  ["in files", fileBodies(folder)],
])("bodies joined %s read as their bytes in a row, whatever part of them is asked for", (_, bodies) => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });
  fc.assert(
    fc.property(parts, fc.nat(220), fc.nat(220), (pieces, one, other) => {
      const whole = Buffer.concat(pieces);
      const [start, end] = [one, other].map(at => Math.min(at, whole.length)).sort((a, b) => a - b);
      const body = bodies.join(pieces.map(piece => bodies.keep(piece)));
      expect(body.sizeBytes).toBe(whole.length);
      expect(Buffer.from(body.read())).toEqual(whole);
      expect(Buffer.from(body.read(start, end))).toEqual(whole.subarray(start, end));
      expect(Buffer.from(bodies.revive(body.toJSON()).read())).toEqual(whole);
    }),
  );
});
