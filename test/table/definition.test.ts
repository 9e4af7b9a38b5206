import { Entity } from "electrodb";
import { expect, test } from "vitest";
import { createTableInput } from "../../src/aws/create-table.ts";
import { tableDefinition } from "../../src/table/definition.ts";
import { rowKind } from "../../src/table/row.ts";

const entity = (name: string, field: string) =>
  rowKind(
    new Entity({
      model: { entity: name, version: "1", service: "test" },
      attributes: {
        id: { type: "string", required: true },
        owner: { type: "string" },
        since: { type: "string" },
      },
      indexes: {
        primary: {
          pk: { field: "PK", composite: ["id"], template: "$" + "{id}", casing: "none" },
          sk: { field: "SK", composite: [], template: name, casing: "none" },
        },
        owned: { index: "OwnerIdx", pk: { field: "Owner", composite: ["owner"], casing: "none" } },
        work: {
          index: "WorkIdx",
          pk: { field: "Work", composite: ["owner"], casing: "none" },
          sk: { field, composite: ["since"], casing: "none" },
        },
      },
    }),
  );

test("derives every index once, with the table's sort key where asked", () => {
  const kinds = [entity("one", "Since"), entity("two", "Since")];
  expect(tableDefinition(kinds, ["OwnerIdx"])).toEqual({
    indexes: [
      { name: "OwnerIdx", partition: "Owner", sort: "SK" },
      { name: "WorkIdx", partition: "Work", sort: "Since" },
    ],
  });
  expect(tableDefinition(kinds).indexes[0]).toEqual({ name: "OwnerIdx", partition: "Owner" });
  expect(tableDefinition([])).toEqual({ indexes: [] });
});

test("throws where two entities disagree on an index", () => {
  expect(() => tableDefinition([entity("one", "Since"), entity("two", "Until")])).toThrow("WorkIdx");
});

test("throws on an index sorted by key that no entity has", () => {
  expect(() => tableDefinition([entity("one", "Since")], ["NoIdx"])).toThrow("NoIdx");
});

test("says the definition in DynamoDB's words", () => {
  const definition = tableDefinition([entity("one", "Since")], ["OwnerIdx"]);
  const input = createTableInput(definition, "t", { stream: true });
  expect(input).toMatchObject({
    BillingMode: "PAY_PER_REQUEST",
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  });
  expect(input.AttributeDefinitions?.map(each => each.AttributeName)).toEqual([
    "PK",
    "SK",
    "Owner",
    "Work",
    "Since",
  ]);
  expect(input.GlobalSecondaryIndexes?.[0]).toEqual({
    IndexName: "OwnerIdx",
    KeySchema: [
      { AttributeName: "Owner", KeyType: "HASH" },
      { AttributeName: "SK", KeyType: "RANGE" },
    ],
    Projection: { ProjectionType: "ALL" },
  });
  expect(createTableInput({ indexes: [] }, "t", {})).not.toHaveProperty("GlobalSecondaryIndexes");
});
