import { describe, expect, test } from "vitest";
import { allowedOf } from "../../cdk/constructs/daybook-function.ts";
import { FUNCTIONS, type FunctionName } from "../../cdk/functions/catalogue.ts";
import { namesIn, SHOWN } from "../../cdk/names.ts";
import { DEFAULTS } from "../../cdk/settings.ts";
import { epochText } from "../../src/ledger/names.ts";
import { firstTable } from "../../src/replay/restore/plan.ts";

const names = namesIn(SHOWN, DEFAULTS);

describe("rights on tables", () => {
  const arn = (table: string) => names.tableArns[0]?.replace(/[^/]*$/, table) ?? "";
  const grantedTo = (name: FunctionName) =>
    allowedOf(FUNCTIONS[name], names).flatMap(({ actions, resources }) =>
      resources
        .filter(resource => actions.length > 0 && resource.includes(":table/"))
        .flatMap(resource => actions.map(action => ({ action, resource }))),
    );
  const matches = (resource: string, table: string): boolean =>
    new RegExp(`^${resource.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(arn(table));
  const mayOn = (table: string, ofFunction: FunctionName): readonly string[] => [
    ...new Set(
      grantedTo(ofFunction)
        .filter(({ resource }) => matches(resource, table))
        .map(({ action }) => action.replace("dynamodb:", "")),
    ),
  ];
  const READS = ["BatchGetItem", "Query", "Scan", "DescribeTable", "DescribeContinuousBackups"];

  test("are on the first table and what restores make of it, by their names, and on no table beside", () => {
    const all = Object.keys(FUNCTIONS) as FunctionName[]; // its own keys
    const resources = new Set(
      all.flatMap(grantedTo).map(({ resource }) => resource.replace(/\/index\/\*$/, "")),
    );
    expect([...resources].sort()).toEqual(
      [arn("daybook"), arn("daybook-0?????"), arn("daybook-drill")].sort(),
    );
    const restored = `${firstTable("daybook-000041")}-${epochText(42)}`;
    expect(mayOn(restored, "project")).toEqual(mayOn("daybook", "project"));
    expect(mayOn(restored, "project")).toContain("PutItem");
    for (const other of ["daybook-drill", "daybook-bridge-runs", "daybook-bridge"])
      expect(mayOn(other, "project")).toEqual([]);
  });

  test("let a restore write the table that it makes, and only read the first one", () => {
    const writes = ["CreateTable", "PutItem", "DeleteItem", "UpdateTable", "TagResource"];
    expect(mayOn("daybook-000002", "restore")).toEqual(expect.arrayContaining([...READS, ...writes]));
    expect(mayOn("daybook", "restore").toSorted()).toEqual(
      [...READS, "RestoreTableToPointInTime", "ListTagsOfResource"].sort(),
    );
  });

  test("let a drill write and drop its scratch table, and only read any other", () => {
    expect(mayOn("daybook-drill", "drill")).toEqual(
      expect.arrayContaining(["BatchGetItem", "Query", "Scan", "DescribeTable", "PutItem", "DeleteTable"]),
    );
    for (const live of ["daybook", "daybook-000002"])
      expect(mayOn(live, "drill").toSorted()).toEqual([...READS, "RestoreTableToPointInTime"].sort());
  });
});
