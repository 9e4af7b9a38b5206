import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../src/cli/failure.ts";
import { inventoryReadCommand } from "../../src/cli/inventory.ts";
import { Misused, type Output } from "../../src/cli/output.ts";
import { canonicalLine } from "../../src/replay/inventory/record.ts";
import { fixturePath, REAL_RECORDS, REAL_REPORTS } from "../replay/inventory/reports.ts";

/** What a command printed. */
const run = async (manifest: string, { isJson = true, isCount = false } = {}) => {
  const printed: string[] = [];
  const output: Output = {
    isJson,
    data: text => void printed.push(text.endsWith("\n") ? text : `${text}\n`),
    json: value => void printed.push(`${JSON.stringify(value)}\n`),
    talk: () => {},
    paint: (_, text) => text,
  };
  const code = await inventoryReadCommand(manifest, { isCount, isAws: false }, output);
  return { code, text: printed.join("") };
};

const LINES = REAL_RECORDS.map(canonicalLine).join("");
const SHA256 = createHash("sha256").update(LINES).digest("hex");

describe.each(REAL_REPORTS)("%s", report => {
  test.each(["json", "checksum"])("is printed as lines of JSON from its manifest.%s", async ending => {
    expect(await run(fixturePath(`${report}_manifest.${ending}`))).toEqual({ code: 0, text: LINES });
  });

  test("is counted, and has the fingerprint of its lines", async () => {
    const manifest = fixturePath(`${report}_manifest.json`);
    const { text } = await run(manifest, { isCount: true });
    expect(JSON.parse(text)).toEqual({ records: 5, sha256: SHA256 });
    expect((await run(manifest, { isCount: true, isJson: false })).text).toBe(
      `5 records, SHA-256 ${SHA256}\n`,
    );
  });
});

test("people get a line for each record", async () => {
  const { text } = await run(fixturePath("csv_inventory_manifest.json"), { isJson: false });
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[3]).toBe(
    "2024-05-06T22:46:14.000Z             -  -  s3://filemanager-inventory-test/inventory-test/key2  " +
      "version gdN1exfZmD7m713patv8dlQ7fTNwle3v  deleted",
  );
});

test("what is wrong with a report is refused by name, what is no address is misused", async () => {
  const missing = await run("none/manifest.json").catch((error: unknown) => error);
  expect(failureOf(missing)).toMatchObject({ exitCode: 1, text: expect.stringContaining("none/manifest") });
  await expect(run("none/manifest.json")).rejects.toThrow("none/manifest.json: there is no such file");
  await expect(run(fixturePath("csv_inventory.csv.gz"))).rejects.toThrow(
    /csv_inventory\.csv\.gz: is no manifest/,
  );
  await expect(run("s3://bucket")).rejects.toThrow(Misused);
});
