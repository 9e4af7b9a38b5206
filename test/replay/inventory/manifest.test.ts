import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  ChecksumMismatch,
  InvalidChecksumFile,
  InvalidManifest,
  ManifestMissing,
  UnsupportedFormat,
} from "../../../src/replay/inventory/errors.ts";
import { manifestOf, parseManifest } from "../../../src/replay/inventory/manifest.ts";
import { openReportFile } from "../../../src/replay/inventory/open-report.ts";
import { fixture, md5 } from "./reports.ts";

const MINIMAL = { destinationBucket: "inventories", fileFormat: "CSV", files: [{ key: "data.csv.gz" }] };

test("only a bucket, a format and the keys must be there", () => {
  expect(manifestOf(MINIMAL, "x")).toEqual({
    bucket: "inventories",
    format: "CSV",
    files: [{ key: "data.csv.gz" }],
  });
});

test.each(["arn:aws:s3:::inventories", "arn:aws-cn:s3:::inventories", "arn:aws-us-gov:s3:::inventories"])(
  "the bucket may be given as %s",
  destinationBucket => {
    expect(manifestOf({ ...MINIMAL, destinationBucket }, "x").bucket).toBe("inventories");
  },
);

test.each([
  ["destinationBucket", undefined],
  ["destinationBucket", 7],
  ["destinationBucket", ""],
  ["destinationBucket", "arn:aws:sns:eu-central-1:123456789012:topic"],
  ["destinationBucket", "arn:aws:s3:::inventories/folder"],
  ["destinationBucket", "not a bucket"],
  ["fileFormat", undefined],
  ["fileSchema", 7],
  ["creationTimestamp", "yesterday"],
  ["files", undefined],
  ["files", {}],
  ["files[1]", ["data.csv.gz"]],
  ["files[1].key", { size: 3 }],
  ["files[1].key", { key: "" }],
  ["files[1].MD5checksum", { key: "a", MD5checksum: "d41d8cd98f00b204" }],
  ["files[1].MD5checksum", { key: "a", MD5checksum: 7 }],
])("a wrong %s is named: %j", (field, value) => {
  const manifest = field.startsWith("files[1]")
    ? { ...MINIMAL, files: [...MINIMAL.files, value] }
    : { ...MINIMAL, [field]: value };
  expect(() => manifestOf(manifest, "folder/manifest.json")).toThrow(InvalidManifest);
  expect(() => manifestOf(manifest, "folder/manifest.json")).toThrow(`folder/manifest.json: is no manifest`);
  expect(() => manifestOf(manifest, "folder/manifest.json")).toThrow(field);
});

test.each(["JSON", "Avro", "csv.gz"])(
  "the format %s is refused, and those there are are named",
  fileFormat => {
    const read = () => manifestOf({ ...MINIMAL, fileFormat }, "manifest.json");
    expect(read).toThrow(UnsupportedFormat);
    expect(read).toThrow(
      `manifest.json: its fileFormat is "${fileFormat}". Formats that can be read are CSV, ORC and Parquet.`,
    );
  },
);

test.each(["[]", "null", "7", '"manifest"', "", "{", "{}garbage", "92a365e92abc05841c25a19d7d5c2c23"])(
  "text that is no manifest is told as such: %s",
  text => {
    expect(() => parseManifest(Buffer.from(text), "manifest.json")).toThrow(InvalidManifest);
  },
);

test("bytes that are no UTF-8 are no manifest", () => {
  expect(() => parseManifest(Uint8Array.of(0x7b, 0xff, 0x7d), "manifest.json")).toThrow(InvalidManifest);
});

describe("on disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "inventory-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const manifest = fixture("csv_inventory_manifest.json");
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  test("a flipped byte anywhere in the manifest is told by its checksum, naming the manifest", async () => {
    const checksum = write("flip.checksum", `${md5(manifest)}\n`);
    for (let at = 0; at < manifest.length; at += 5) {
      const damaged = Uint8Array.from(manifest);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      const path = write("flip.json", damaged);
      await expect(openReportFile(checksum), `byte ${at}`).rejects.toThrow(ChecksumMismatch);
      await expect(openReportFile(checksum)).rejects.toThrow(path);
    }
  });

  test("a flipped byte anywhere in the checksum is an error", async () => {
    write("sum.json", manifest);
    const right = `${md5(manifest)}\n`;
    for (let at = 0; at < 32; at += 1) {
      const damaged = Buffer.from(right);
      damaged[at] = (damaged[at] ?? 0) ^ 2;
      const reading = openReportFile(write("sum.checksum", damaged));
      await expect(reading, `byte ${at}`).rejects.toThrow(/MD5/);
    }
  });

  test("the digits of a checksum may be in either case", async () => {
    write("case.json", manifest);
    const path = write("case.checksum", md5(manifest).toUpperCase());
    expect((await openReportFile(path)).manifest.format).toBe("CSV");
  });

  test("a checksum file that holds a manifest is told as such", async () => {
    write("swapped.json", manifest);
    const path = write("swapped.checksum", manifest);
    await expect(openReportFile(path)).rejects.toThrow(InvalidChecksumFile);
    await expect(openReportFile(path)).rejects.toThrow(path);
  });

  test("a damaged manifest.json is told as a manifest, never as a checksum", async () => {
    const path = write("manifest.json", `${manifest.toString().slice(0, 300)}`);
    await expect(openReportFile(path)).rejects.toThrow(InvalidManifest);
    await expect(openReportFile(path)).rejects.toThrow(/manifest\.json: is no manifest .* not JSON/);
  });

  test("what is missing is named: the file given, or the manifest beside a checksum", async () => {
    await expect(openReportFile(join(folder, "none.json"))).rejects.toThrow(ManifestMissing);
    const path = write("alone.checksum", md5(manifest));
    await expect(openReportFile(path)).rejects.toThrow(join(folder, "alone.json"));
    await expect(openReportFile(folder)).rejects.toThrow(ManifestMissing);
  });
});
