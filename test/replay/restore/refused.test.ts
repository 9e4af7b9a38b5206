import { describe, expect, test } from "vitest";
import type { Base } from "../../../src/ledger/live.ts";
import { isoInstant } from "../../../src/ports/clock.ts";
import { ManifestDamaged, manifestKey } from "../../../src/replay/manifest/manifest.ts";
import { manifestsUpTo } from "../../../src/replay/manifest/read-manifest.ts";
import { recordedRestore } from "../../../src/replay/restore/recorded.ts";
import type { Restoring } from "../../../src/replay/restore/restore.ts";
import { RestoreRefused } from "../../../src/replay/restore/restore-errors.ts";
import { SnapshotDamaged } from "../../../src/replay/snapshot/snapshot-errors.ts";
import { manifestKey as snapshotManifestKey } from "../../../src/replay/snapshot/snapshot-keys.ts";
import { takeSnapshot } from "../../../src/replay/snapshot/take-snapshot.ts";
import { DECISIONS } from "../../support/gates.ts";
import { openBank } from "../verify/bank-with-past.ts";

const NO_SNAPSHOT = "2026-05-06T22-44-22.000Z-4f1c09ab";

/** A bank in its second epoch, with a snapshot. */
const opened = async () => {
  const bank = openBank();
  const { world, deposit, restoreAll } = bank;
  await deposit("a", "700", 5);
  await world.clock.sleep(10_000);
  await deposit("b", "700", 5);
  await restoreAll();
  await world.clock.sleep(60_000);
  const taken = await takeSnapshot(await world.worker());
  if (taken.outcome !== "taken") throw new Error(taken.reason);
  return { ...bank, manifest: taken.manifest };
};

type Opened = Awaited<ReturnType<typeof opened>>;

/** Every row of every table, every object with its ETag, and whether anything was stopped. */
const everything = async ({ world }: Opened) => {
  const tables = [...world.tables].map(([name, store]) => [name, JSON.stringify(store.snapshot())]);
  const { objects } = await world.objects.list({ bucket: DECISIONS });
  return { tables, objects: objects.map(({ key, eTag, lastModified }) => `${key} ${eTag} ${lastModified}`) };
};

const at = (instant: string | number): Base => ({
  kind: "pitr",
  at: typeof instant === "string" ? instant : isoInstant(instant),
});

const overwrite = ({ world }: Opened, key: string): Promise<unknown> =>
  world.objects.put({ bucket: DECISIONS, key, body: "other" });

type Case = {
  readonly why: string;
  readonly from: (bank: Opened) => Base;
  readonly before?: (bank: Opened) => Promise<unknown>;
  readonly but?: (restoring: Restoring, bank: Opened) => Restoring;
  readonly kind: new (...args: never[]) => Error;
  readonly says: RegExp;
};

const now = ({ world }: Opened): Base => at(world.clock.now());

/** Shortly after the newest sealed decision, so that it lies within the margin. */
const rightAfter = ({ world }: Opened): Base => at(world.clock.now() - 60_000);

const DEPOSIT_B = "dec/000001/cash_deposit_b.event";

/** Another window than the world's: that of a table whose backups begin late, or lag behind. */
const windowFrom =
  (fromMs: number, toMs: number) =>
  (restoring: Restoring, { world }: Opened): Restoring => {
    const { pointInTime } = world;
    const window: typeof pointInTime.window = async table => {
      const found = await pointInTime.window(table);
      const nowMs = world.clock.now();
      return found && { ...found, earliest: isoInstant(nowMs + fromMs), latest: isoInstant(nowMs + toMs) };
    };
    return { ...restoring, tables: { ...restoring.tables, pointInTime: { ...pointInTime, window } } };
  };

const CASES: readonly Case[] = [
  {
    why: "before the table's birth",
    from: () => at("2001-01-01T00:00:00Z"),
    kind: RestoreRefused,
    says: /was not there before .*: name a later instant/,
  },
  {
    why: "into the future",
    from: ({ world }) => at(world.clock.now() + 60_000),
    kind: RestoreRefused,
    says: /in the future: name an instant before the loss/,
  },
  {
    why: "to before the window",
    from: ({ world }) => at(world.clock.now() - 30_000),
    but: windowFrom(-10_000, 0),
    kind: RestoreRefused,
    says: /can be restored from .* to .*: name an instant in between, or restore from a snapshot/,
  },
  {
    why: "to what the backups do not reach yet",
    from: now,
    but: windowFrom(-30_000, -20_000),
    kind: RestoreRefused,
    says: /can be restored from .* to /,
  },
  {
    why: "where nothing keeps the table's past",
    from: now,
    but: restoring => ({ ...restoring, tables: { ...restoring.tables, pointInTime: undefined } }),
    kind: RestoreRefused,
    says: /Nothing keeps the past of the table .*: restore from a snapshot/,
  },
  {
    why: "from a snapshot that is not there",
    from: () => ({ kind: "snapshot", id: NO_SNAPSHOT }),
    kind: RestoreRefused,
    says: /no finished snapshot .*"daybook snapshots" lists/,
  },
  {
    why: "from a snapshot whose part was changed",
    from: ({ manifest }) => ({ kind: "snapshot", id: manifest.id }),
    before: bank => overwrite(bank, bank.manifest.parts[0]?.key ?? ""),
    kind: SnapshotDamaged,
    says: /part-0001.* has another SHA-256 .*take another/,
  },
  {
    why: "from a snapshot whose manifest is none",
    from: ({ manifest }) => ({ kind: "snapshot", id: manifest.id }),
    before: bank => overwrite(bank, snapshotManifestKey(bank.manifest.id)),
    kind: SnapshotDamaged,
    says: /is no manifest of this snapshot/,
  },
  {
    why: "over a sealed manifest whose part fails its checksum",
    from: now,
    before: async bank => {
      const [sealed] = await manifestsUpTo({ objects: bank.world.objects, bucket: DECISIONS }, 2);
      return overwrite(bank, sealed?.parts[0]?.key ?? "");
    },
    kind: ManifestDamaged,
    says: /another SHA-256 .*bring back the version of it that was written first/,
  },
  {
    why: "over a sealed manifest that is gone",
    from: now,
    before: ({ world }) => world.objects.delete({ bucket: DECISIONS, key: manifestKey(2) }),
    kind: ManifestDamaged,
    says: /is missing: bring back/,
  },
  {
    why: "over a sealed decision that is gone and has to be written again",
    from: rightAfter,
    before: ({ world }) => world.objects.delete({ bucket: DECISIONS, key: DEPOSIT_B }),
    kind: ManifestDamaged,
    says: /cash_deposit_b\.event is sealed and missing: bring back .*"daybook replay --source events"/,
  },
  {
    why: "over a marker that is no plan",
    from: now,
    before: ({ world }) => world.objects.put({ bucket: DECISIONS, key: "epoch/000003", body: "other" }),
    kind: RestoreRefused,
    says: /holds no plan of a restore/,
  },
];

describe("a restore that cannot be is refused before anything is changed", () => {
  test.each(CASES)("$why", async ({ from, before, but = each => each, kind, says }) => {
    const bank = await opened();
    await before?.(bank);
    const found = await everything(bank);
    const wish = { from: from(bank), marginMs: 1_000, reason: "test", isInstead: false };
    const stopped: string[] = [];
    const restoring = but(await bank.world.restoring(undefined), bank);
    const consumers = { halt: async (reason: string) => void stopped.push(reason), resume: async () => {} };
    const error: unknown = await recordedRestore({ ...restoring, consumers }, wish, {
      isTakeOver: false,
    }).then(
      () => undefined,
      reason => reason,
    );
    expect(error).toBeInstanceOf(kind);
    const { message } = error as Error;
    expect(message).toMatch(says);
    expect(message).not.toContain("\n");
    expect(stopped).toEqual([]);
    expect(await everything(bank)).toEqual(found);
  });

  test("the same bank is restored where nothing is amiss", async () => {
    const bank = await opened();
    const wish = { from: now(bank), marginMs: 1_000, reason: "test", isInstead: false };
    const restored = await recordedRestore(await bank.world.restoring(undefined), wish, {
      isTakeOver: false,
    });
    expect(restored.pointer.epoch).toBe(3);
  });

  test("and where a sealed decision is gone that it has no need to read", async () => {
    const bank = await opened();
    await bank.world.objects.delete({ bucket: DECISIONS, key: DEPOSIT_B });
    const wish = { from: now(bank), marginMs: 1_000, reason: "test", isInstead: false };
    const restored = await recordedRestore(await bank.world.restoring(undefined), wish, {
      isTakeOver: false,
    });
    expect(restored.pointer.epoch).toBe(3);
  });
});
