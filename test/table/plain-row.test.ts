import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tableRows } from "../../src/app.ts";
import { plainRow } from "../../src/table/plain-row.ts";
import type { AnyEntity } from "../../src/table/row.ts";

type Attribute = { readonly type: unknown; readonly required?: boolean };

const TEXTS = ["a", "Some Text", "#", "x~y", "é€", "0012"];

const drawn = ({ type }: Attribute): fc.Arbitrary<unknown> => {
  if (Array.isArray(type)) return fc.constantFrom(...type);
  if (type === "number") return fc.integer({ min: 0, max: 1e12 });
  if (type === "boolean") return fc.boolean();
  if (type === "any") return fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom(1, "two", null));
  return fc.constantFrom(...TEXTS);
};

const recordOf = (attributes: Readonly<Record<string, Attribute>>): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(Object.entries(attributes).map(([name, each]) => [name, drawn(each)])), {
    requiredKeys: Object.keys(attributes).filter(name => attributes[name]?.required === true),
  });

const TABLE = { table: "any" };
const electroItem = (entity: AnyEntity, record: object): unknown =>
  entity.put(record).params<{ Item: unknown }>(TABLE).Item;

describe("a row made directly", () => {
  for (const { name, entity } of Object.values(tableRows)) {
    it(`is the one ElectroDB makes: ${name}`, () => {
      const plain = plainRow(entity.schema);
      expect(plain).toBeDefined();
      let direct = 0;
      fc.assert(
        fc.property(recordOf(entity.schema.attributes), record => {
          const item = plain?.item(record);
          if (item === undefined) return;
          direct += 1;
          expect(item).toEqual(electroItem(entity, record));
          expect(plain?.read(item)).toEqual(entity.parse({ Item: item }).data);
          expect(plain?.key(record)).toEqual(entity.get(record).params<{ Key: unknown }>(TABLE).Key);
        }),
        { numRuns: 60 },
      );
      expect(direct).toBeGreaterThan(10);
    });

    it(`is left to ElectroDB where it does not fit: ${name}`, () => {
      const plain = plainRow(entity.schema);
      fc.assert(
        fc.property(recordOf(entity.schema.attributes), fc.nat(), (record, at) => {
          const names = Object.keys(record);
          const wrong = names[at % names.length] ?? "";
          const attribute: Attribute | undefined = entity.schema.attributes[wrong];
          if (attribute === undefined || attribute.type === "any") return;
          expect(plain?.item({ ...record, [wrong]: Symbol.for("no value") })).toBeUndefined();
          if (attribute.required) expect(plain?.item({ ...record, [wrong]: undefined })).toBeUndefined();
        }),
        { numRuns: 30 },
      );
    });
  }

  it("is not made for schemas that use more of ElectroDB", () => {
    const { schema } = tableRows.head.entity;
    const derived = { ...schema.attributes, hash: { type: "string", watch: ["stream"] } };
    expect(plainRow({ ...schema, attributes: derived })).toBeUndefined();
    const lowered = { head: { ...schema.indexes.head, sk: { ...schema.indexes.head.sk, casing: "lower" } } };
    expect(plainRow({ ...schema, indexes: lowered })).toBeUndefined();
  });
});
