import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FileFormat } from "../../../src/replay/inventory/manifest.ts";
import type { InventoryRecord } from "../../../src/replay/inventory/record.ts";
import { athenaColumns } from "../../../src/replay/selection/athena-columns.ts";
import { selectionSql, sqlName, sqlText } from "../../../src/replay/selection/athena-query.ts";
import { type AthenaTable, tableSql } from "../../../src/replay/selection/athena-table.ts";
import { conditionsOf, holds, type Selection } from "../../../src/replay/selection/selection.ts";
import { answers } from "./sql-reader.ts";

const RUNS = 300 * Number(process.env.RUNS ?? 1);

const SCHEMAS: Readonly<Record<FileFormat, string>> = {
  CSV: "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass",
  ORC: "struct<bucket:string,key:string,version_id:string,is_latest:boolean,is_delete_marker:boolean,size:bigint,last_modified_date:timestamp,e_tag:string,storage_class:string,object_lock_retain_until_date:timestamp>",
  Parquet:
    "message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);  optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;  optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  optional binary e_tag (STRING);  optional binary storage_class (STRING);}",
};

const tableOf = (format: FileFormat): AthenaTable => ({
  name: "daybook_inventory",
  format,
  columns: athenaColumns({ bucket: "reports", format, schema: SCHEMAS[format], files: [] }, "manifest.json"),
  bucket: "reports",
  folder: "archive/daily/hive/",
  dt: "2026-05-06-01-30",
});

const SELECTION: Selection = {
  buckets: ["archive"],
  prefix: "cash_",
  suffix: "100%.event",
  since: "2026-03-02T09:00:00.000Z",
  storageClasses: ["GLACIER", "DEEP_ARCHIVE"],
  isCurrentOnly: true,
};

describe("the table over inventory reports", () => {
  it("has the columns of the report, and finds reports by projection", () => {
    expect(tableSql(tableOf("Parquet"))).toMatchInlineSnapshot(`
      "CREATE EXTERNAL TABLE IF NOT EXISTS \`daybook_inventory\` (
        \`bucket\` string,
        \`key\` string,
        \`version_id\` string,
        \`is_latest\` boolean,
        \`is_delete_marker\` boolean,
        \`size\` bigint,
        \`last_modified_date\` timestamp,
        \`e_tag\` string,
        \`storage_class\` string
      )
      PARTITIONED BY (\`dt\` string)
      ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
      STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'
      OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat'
      LOCATION 's3://reports/archive/daily/hive/'
      TBLPROPERTIES (
        'projection.enabled' = 'true',
        'projection.dt.type' = 'date',
        'projection.dt.format' = 'yyyy-MM-dd-HH-mm',
        'projection.dt.range' = '2022-01-01-00-30,NOW',
        'projection.dt.interval' = '1',
        'projection.dt.interval.unit' = 'HOURS'
      )"
    `);
  });

  it("takes all of CSV for text, and of ORC the types it names, but for the one that AWS documents otherwise", () => {
    const csv = tableOf("CSV").columns;
    expect(new Set(csv.map(({ type }) => type))).toEqual(new Set(["string"]));
    expect(csv.map(({ name }) => name)).toEqual(tableOf("Parquet").columns.map(({ name }) => name));
    expect(tableSql(tableOf("CSV"))).toContain("SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'");
    expect(tableOf("ORC").columns.at(-1)).toEqual({ name: "object_lock_retain_until_date", type: "bigint" });
    expect(tableSql(tableOf("ORC"))).toContain("SERDE 'org.apache.hadoop.hive.ql.io.orc.OrcSerde'");
  });

  it("lets nothing out of a name or a text", () => {
    const table = { ...tableOf("ORC"), name: "a`b", folder: "it's\\hive/" };
    expect(tableSql(table)).toContain("IF NOT EXISTS `a``b` (");
    expect(tableSql(table)).toContain("LOCATION 's3://reports/it\\'s\\\\hive/'");
    const manifest = { bucket: "reports", format: "CSV" as const, schema: "Bucket, Key, A`B", files: [] };
    expect(() => athenaColumns(manifest, "manifest.json")).toThrow("manifest.json");
    expect(() => athenaColumns({ ...manifest, schema: "Bucket" }, "manifest.json")).toThrow("no column key");
  });
});

describe("the question to Athena", () => {
  it("names every test of the selection", () => {
    expect(selectionSql(tableOf("Parquet"), SELECTION)).toMatchInlineSnapshot(`
      "SELECT "bucket", "key", "version_id", "is_latest", "is_delete_marker", "size", "last_modified_date", "e_tag", "storage_class"
      FROM "daybook_inventory"
      WHERE "dt" = '2026-05-06-01-30'
        AND "bucket" IN ('archive')
        AND "key" LIKE 'cash!_%' ESCAPE '!'
        AND "key" LIKE '%100!%.event' ESCAPE '!'
        AND "last_modified_date" >= TIMESTAMP '2026-03-02 09:00:00.000'
        AND "storage_class" IN ('GLACIER', 'DEEP_ARCHIVE')
        AND "is_latest" IS DISTINCT FROM FALSE
        AND "is_delete_marker" IS DISTINCT FROM TRUE"
    `);
    expect(selectionSql(tableOf("CSV"), SELECTION)).toMatchInlineSnapshot(`
      "SELECT "bucket", url_decode("key") AS "key", "version_id", "is_latest", "is_delete_marker", "size", try(from_iso8601_timestamp("last_modified_date")) AS "last_modified_date", "e_tag", "storage_class"
      FROM "daybook_inventory"
      WHERE "dt" = '2026-05-06-01-30'
        AND "bucket" IN ('archive')
        AND url_decode("key") LIKE 'cash!_%' ESCAPE '!'
        AND url_decode("key") LIKE '%100!%.event' ESCAPE '!'
        AND try(from_iso8601_timestamp("last_modified_date")) >= from_iso8601_timestamp('2026-03-02T09:00:00.000Z')
        AND "storage_class" IN ('GLACIER', 'DEEP_ARCHIVE')
        AND lower("is_latest") IS DISTINCT FROM 'false'
        AND lower("is_delete_marker") IS DISTINCT FROM 'true'"
    `);
  });

  it("asks a report of current versions nothing about others, and none about a column it has not", () => {
    const table = tableOf("ORC");
    const columns = table.columns.filter(({ name }) => !name.startsWith("is_") && name !== "storage_class");
    const sql = selectionSql({ ...table, columns }, { isCurrentOnly: true });
    expect(sql).not.toContain("is_latest");
    expect(() => selectionSql({ ...table, columns }, { storageClasses: ["GLACIER"] })).toThrow(
      "storage_class",
    );
  });

  it(`lets nothing out of a name or a text (${RUNS} runs)`, () => {
    const text = fc.string({ unit: fc.constantFrom("'", '"', "\\", "%", "_", "!", "a", ";", "-", "\n") });
    fc.assert(
      fc.property(text, each => {
        expect(sqlText(each).slice(1, -1).replaceAll("''", "")).not.toContain("'");
        expect(sqlName(each).slice(1, -1).replaceAll('""', "")).not.toContain('"');
      }),
      { numRuns: RUNS },
    );
  });
});

const sign = fc.constantFrom("a", "b", "'", "%", "_", "!", '"', "\\", "ä", " ", "+", "/");
const key = fc.string({ unit: sign, minLength: 1, maxLength: 6 });
const part = fc.option(fc.string({ unit: sign, maxLength: 2 }), { nil: undefined });
const instant = fc.integer({ min: 0, max: 4 }).map(second => `2026-03-02T09:00:0${second}.000Z`);
const storageClass = fc.constantFrom("STANDARD", "GLACIER", "IT'S");
const bucket = fc.constantFrom("one", "two'");

const record: fc.Arbitrary<InventoryRecord> = fc.record({
  bucket,
  key,
  versionId: fc.constant("v"),
  isLatest: fc.option(fc.boolean()),
  isDeleteMarker: fc.option(fc.boolean()),
  size: fc.constant(1),
  lastModified: fc.option(instant),
  eTag: fc.constant("e"),
  storageClass: fc.option(storageClass),
});

const selection: fc.Arbitrary<Selection> = fc.record({
  buckets: fc.option(fc.uniqueArray(bucket), { nil: undefined }),
  prefix: part,
  suffix: part,
  since: fc.option(instant, { nil: undefined }),
  before: fc.option(instant, { nil: undefined }),
  storageClasses: fc.option(fc.uniqueArray(storageClass), { nil: undefined }),
  isCurrentOnly: fc.option(fc.boolean(), { nil: undefined }),
});

describe("both ways of selecting", () => {
  it(`give the same rows: the text, read back, answers as the reader does (${RUNS} runs)`, () => {
    fc.assert(
      fc.property(
        selection,
        fc.array(record, { minLength: 1, maxLength: 8 }),
        fc.constantFrom<FileFormat>("CSV", "ORC", "Parquet"),
        (wanted, records, format) => {
          const table = tableOf(format);
          const sql = selectionSql(table, wanted);
          for (const each of records) {
            const reader = conditionsOf(wanted).every(condition => holds(condition, each));
            expect(answers(sql, each, { isText: format === "CSV", dt: table.dt }), sql).toBe(reader);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
