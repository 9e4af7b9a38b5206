import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dropTable } from "../../../src/aws/drop-table.ts";
import { ManualClock } from "../../../src/local/manual-clock.ts";
import { systemClock } from "../../../src/local/system-clock.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { localDynamoDb } from "../../support/tables.ts";
import { contents, startedPast } from "./tables-with-past.ts";

test("a scratch table has the past, leaves nothing in the journal, and can be made again once it is dropped", async () => {
  const clock = new ManualClock(Date.UTC(2026, 4, 6, 12));
  const dataDir = mkdtempSync(join(tmpdir(), "daybook-past-"));
  const { past, tables, prefix, breaking, close } = await startedPast(clock, { dataDir });
  const client = localDynamoDb();
  try {
    const [table, to] = [`${prefix}live`, `${prefix}live-drill`];
    const store = await tables.create(table);
    await past.caughtUp();
    clock.advance(1_000);
    await store.write({ put: { PK: "a", SK: "1" } });
    await past.caughtUp();
    const at = isoInstant(clock.now());
    const asked = { table, to, at, isScratch: true };
    expect(await past.restore(asked)).toEqual({ outcome: "restored", table: to, at, wasThere: false });
    expect(await contents(tables.open(to))).toEqual([{ PK: "a", SK: "1" }]);
    await tables.open(to).write({ put: { PK: "b", SK: "2" } });
    await past.caughtUp();
    expect(await past.restore(asked)).toMatchObject({ outcome: "restored", wasThere: true });
    // Nobody keeps its past, and no other restore takes it for its own.
    expect(await past.window(to)).toBeUndefined();
    expect(await past.restore({ table, to, at })).toMatchObject({ outcome: "targetExists" });
    await dropTable(client, systemClock, to);
    await dropTable(client, systemClock, to);
    expect(await tables.exists(to)).toBe(false);
    expect(await past.restore(asked)).toMatchObject({ outcome: "restored", wasThere: false });
    expect(await contents(tables.open(to))).toEqual([{ PK: "a", SK: "1" }]);
    await dropTable(client, systemClock, to);
    breaking.create = async (name, isFollowed) => {
      await tables.create(name, isFollowed);
      throw new Error("broken");
    };
    await expect(past.restore(asked)).rejects.toThrow("broken");
    expect(await tables.exists(to)).toBe(false);
    await past.caughtUp();
    expect(readFileSync(join(dataDir, "tables.ndjson"), "utf8")).not.toContain("drill");
  } finally {
    await close();
    client.destroy();
    rmSync(dataDir, { recursive: true });
  }
});
