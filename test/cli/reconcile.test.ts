import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { daybook, type Ended, endAll, startUp, testFolder, type Up, until } from "../support/cli-process.ts";

const AT = Math.floor(Date.now() / 1000) - 10_000;
const REQUESTS = 24;
const nameOf = (n: number): string => `cash_deposit_r${n}.event`;

let up: Up;
beforeAll(async () => {
  up = await startUp(["--drop", "0.3", "--currency-optional"]);
  const names = Array.from({ length: REQUESTS }, (_, n) => nameOf(n));
  for (const [n, name] of names.entries())
    writeFileSync(
      join(up.folder, name),
      JSON.stringify({
        EventTimeStamp: AT + n,
        TargetAccount: "700",
        Amount: "1.00",
        Verified: true,
        CustomerNumber: "9",
      }),
    );
  expect((await here("put", ...names)).exitCode).toBe(0);
});
afterAll(endAll);

/** In the folder of the running `up`. */
const here = (...args: string[]): Promise<Ended> => daybook(args, { cwd: up.folder });

/** Of the bucket of requests, where nothing else happens. */
const reconciled = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await here(
    "reconcile",
    "--bucket",
    "daybook-new-events",
    "--json",
    ...args,
  );
  expect(stderr).toBe("");
  return { exitCode, ...JSON.parse(stdout) };
};

describe("reconcile, where a third of the notifications is lost", () => {
  let lost = 0;

  test("a dry run says what it would do, exits 1 and does nothing", async () => {
    const first = await reconciled("--dry-run", "--grace", "0");
    expect(first).toMatchObject({ exitCode: 1, isDryRun: true, source: "listing" });
    expect(first.counts.pictures).toBe(REQUESTS);
    expect(first.counts.lost).toBeGreaterThan(1);
    lost = first.counts.lost;
    expect(first.examples.lost.length).toBe(lost);
    const people = await here("reconcile", "--dry-run", "--grace", "0", "--prefix", "cash_");
    expect(people.exitCode).toBe(1);
    expect(people.stdout).toMatch(/^ +lost +\d+ +left as it is$/m);
    expect(people.stderr).toMatch(/first seen from \d{4}-\d\d-\d\d on/);
  });

  test("what is told may be lost as well: it is repeated until nothing is lost, and then all is decided", async () => {
    const first = await reconciled("--grace", "0");
    expect(first).toMatchObject({ exitCode: 0, isComplete: true, counts: { lost } });
    await until(async () => {
      // In all buckets: that a request was placed is told there, and may be lost as well.
      const { counts } = JSON.parse((await here("reconcile", "--grace", "0", "--json")).stdout);
      return counts.lost + counts.undecided + counts.unpublished + counts.unplaced === 0;
    });
    const { stdout } = await here("balance", "700", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ actual: `${REQUESTS}.00`, sequence: REQUESTS });
    expect(await reconciled("--dry-run", "--grace", "0")).toMatchObject({
      exitCode: 0,
      counts: { pictures: REQUESTS, known: REQUESTS, lost: 0, undecided: 0, unpublished: 0, gone: 0 },
    });
  });

  test("looks at a report as well", async () => {
    const written = JSON.parse((await here("inventory", "write", "daybook-new-events", "--json")).stdout);
    const looked = await reconciled("--inventory", written.manifest);
    expect(looked).toMatchObject({
      exitCode: 0,
      source: "inventory",
      counts: { known: REQUESTS, failed: 0 },
    });
    const missing = await here("reconcile", "--inventory", `${written.manifest}.txt`, "--json");
    expect(missing).toMatchObject({ exitCode: 1, stdout: "" });
    expect(missing.stderr).toMatch(/^s3:\/\/[^\n]*there is no such file[^\n]*\n$/);
  });

  test("says in a line what is missing to tell anybody, and what it did not understand", async () => {
    const { AWS_ENDPOINT_URL = "", AWS_ENDPOINT_URL_DYNAMODB = "" } = up.env;
    const cwd = testFolder();
    const env = { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB };
    const untold = await daybook(["reconcile"], { cwd, env });
    expect(untold).toMatchObject({ exitCode: 2, stdout: "" });
    expect(untold.stderr).toMatch(/^[^\n]*DAYBOOK_OBJECTS_TOPIC[^\n]*\n$/);
    expect((await here("reconcile", "--since", "2026-02-30")).exitCode).toBe(2);
    const tooOld = await here("reconcile", "--dry-run", "--since", "1900-01-01");
    expect(tooOld).toMatchObject({ exitCode: 2, stdout: "" });
    expect(tooOld.stderr).toMatch(/^[^\n]*1900-01-01[^\n]*\n$/);
    for (const args of [
      ["--bucket", "no-such-bucket"],
      ["--inventory", "s3://no-such-bucket/manifest.json"],
    ]) {
      const missing = await here("reconcile", "--dry-run", ...args);
      expect(missing).toMatchObject({ exitCode: 1, stdout: "" });
      expect(missing.stderr).toMatch(/^[^\n]*no-such-bucket[^\n]*\n$/);
    }
    const somewhere = { AWS_ENDPOINT_URL_S3: AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SQS: AWS_ENDPOINT_URL };
    const withoutSns = await daybook(["reconcile"], {
      cwd,
      env: { ...somewhere, AWS_ENDPOINT_URL_DYNAMODB },
    });
    expect(withoutSns).toMatchObject({ exitCode: 2, stdout: "" });
    expect(withoutSns.stderr).toContain("AWS_ENDPOINT_URL_SNS");
  });
});
