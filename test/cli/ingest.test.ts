import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyFixtures, damage } from "../replay/ingest/report-on-disk.ts";
import {
  daybook,
  type Ended,
  endAll,
  startDaybook,
  startUp,
  type Up,
  until,
} from "../support/cli-process.ts";

const DEPOSIT = "cash_deposit_r1.event";
const NEW_EVENTS = "daybook-new-events";

let up: Up;
beforeAll(async () => {
  up = await startUp();
  const body = { TargetAccount: "700", Amount: "20.00", CustomerNumber: "9", Verified: true };
  writeFileSync(
    join(up.folder, DEPOSIT),
    JSON.stringify({ EventTimeStamp: 1_772_452_800, ...body, Currency: { "20-euro-bills": 1 } }),
  );
});
afterAll(endAll);

const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

/** What a command prints with `--json`; it must succeed, and say nothing else. */
const json = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await here(...args, "--json");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout);
};

describe("a report of a bucket that was well tracked", () => {
  test("is taken in twice, and tells nothing new; neither does a crawl", async () => {
    expect((await here("put", DEPOSIT)).exitCode).toBe(0);
    await until(async () => (await here("event", DEPOSIT)).stdout.includes("ARCHIVED"));
    const { manifest } = await json("inventory", "write", NEW_EVENTS);
    const nothing = {
      outcome: "completed",
      records: 1,
      new: 0,
      known: 1,
      states: 0,
      failed: 0,
      failures: [],
    };
    expect(await json("inventory", "ingest", manifest)).toMatchObject({ ...nothing, manifest, run: 1 });
    expect(await json("inventory", "ingest", manifest)).toMatchObject({ ...nothing, run: 2 });
    expect(await json("crawl", NEW_EVENTS)).toMatchObject({ ...nothing, bucket: NEW_EVENTS, run: 1 });
    expect((await json("event", DEPOSIT)).state.lifecycle).toBe("ARCHIVED");
  });

  test("a bucket nobody tells of is recorded by a crawl, for people and once", async () => {
    const bucket = `${NEW_EVENTS}-inventory`;
    const first = await here("crawl", bucket);
    expect(first).toEqual({
      exitCode: 0,
      stdout: `3 records of s3://${bucket}/: 3 new, 0 known, 3 states written\n`,
      stderr: "",
    });
    expect((await here("crawl", bucket, "--prefix", NEW_EVENTS)).stdout).toMatch(
      /: 0 new, 3 known, 0 states/,
    );
  });
});

describe("a report on disk", () => {
  test("is taken in, of whatever bucket", async () => {
    const folder = join(up.folder, "report");
    const manifest = copyFixtures(folder, "csv_inventory");
    expect(await json("inventory", "ingest", manifest)).toMatchObject({ records: 5, new: 5, states: 3 });
    expect((await here("inventory", "ingest", manifest)).stdout).toBe(
      `5 records of ${manifest.replace(".checksum", ".json")}: 0 new, 5 known, 0 states written\n`,
    );
  });

  test.each(["csv_inventory.csv.gz", "csv_inventory_manifest.json"])(
    "with a damaged %s is refused by name",
    async file => {
      const folder = join(up.folder, `damaged-${file}`);
      const manifest = copyFixtures(folder, "csv_inventory");
      damage(join(folder, file));
      const ended = await here("inventory", "ingest", manifest, "--json");
      expect(ended).toMatchObject({ exitCode: 1, stdout: "" });
      expect(ended.stderr).toMatch(new RegExp(`^[^\\n]*${file}: its MD5 is [^\\n]*\\n$`));
    },
  );

  test("stops when it is asked to, and goes on with the same command", async () => {
    const key = "large.csv.gz";
    const rows = Array.from({ length: 6000 }, (_, n) => `"plain","k${n}","2026-01-01T00:00:00.000Z"\n`);
    writeFileSync(join(up.folder, key), gzipSync(rows.join("")));
    const manifest = {
      destinationBucket: "any",
      fileFormat: "CSV",
      fileSchema: "Bucket, Key, LastModifiedDate",
    };
    writeFileSync(join(up.folder, "manifest.json"), JSON.stringify({ ...manifest, files: [{ key }] }));
    const ingest = startDaybook(["inventory", "ingest", "manifest.json", "--json"], { cwd: up.folder });
    await until(async () => {
      const { runs } = await json("runs", "ingest");
      return runs[0].what.report === "manifest.json" && runs[0].status === "running";
    });
    const busy = await here("inventory", "ingest", "manifest.json");
    expect(busy).toMatchObject({ exitCode: 1, stdout: "" });
    expect(busy.stderr).toMatch(/^Another run takes in manifest\.json since [^\n]*\n$/);
    ingest.child.kill("SIGINT");
    const ended = await ingest.ended;
    expect(ended).toMatchObject({ exitCode: 1, stderr: "Stopped: give the same command again to go on.\n" });
    const { outcome, records } = JSON.parse(ended.stdout);
    expect(outcome).toBe("stopped");
    expect(records).toBeLessThan(6000);
  });
});

describe("runs", () => {
  test("are listed, newest first, of one kind or all", async () => {
    const { runs } = await json("runs");
    const kinds = runs.map(({ kind }: { kind: string }) => kind);
    expect(new Set(kinds)).toEqual(new Set(["ingest", "crawl"]));
    expect(runs[0]).toMatchObject({ kind: "ingest", status: "stopped", what: { report: "manifest.json" } });
    const table = await here("runs", "crawl", "--limit", "2");
    expect(table.stdout.trim().split("\n")).toHaveLength(3);
    expect(table.stdout).toMatch(/^kind +subject +run +status +begun +last seen\ncrawl +daybook-/);
    expect((await here("runs", "nothing")).stderr).toBe("There were no runs.\n");
  });

  test("a bucket that is not there is one line and exit 1, a name that is none exit 2", async () => {
    const missing = await here("crawl", "no-such-bucket", "--json");
    expect(missing).toMatchObject({ exitCode: 1, stdout: "" });
    expect(missing.stderr).toMatch(/^[^\n]*no-such-bucket[^\n]*\n$/);
    const report = await here("inventory", "ingest", "s3://no-such-bucket/manifest.json");
    expect(report).toMatchObject({ exitCode: 1, stdout: "" });
    expect(report.stderr).toMatch(/^[^\n]*no-such-bucket[^\n]*\n$/);
    expect((await here("crawl", "s3://bucket")).exitCode).toBe(2);
    expect((await here("inventory", "ingest", "s3://bucket")).exitCode).toBe(2);
  });
});
