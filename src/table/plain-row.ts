import type { Item, Key, Value } from "./store.ts";

/** An entity's schema, as far as rows are made by it. */
export type RowSchema = {
  readonly model: { readonly entity: string; readonly version: string };
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly indexes: Readonly<Record<string, Index>>;
};

type Attribute = {
  readonly type: unknown;
  readonly required?: boolean;
  readonly field?: string;
  readonly padding?: { readonly length: number; readonly char: string };
};
type KeyPart = { readonly field: string; readonly template?: string; readonly casing?: string };
type Index = { readonly index?: string; readonly pk: KeyPart; readonly sk?: KeyPart };

type Fields = Readonly<Record<string, unknown>>;
/** The text of a key; undefined where something it is made of is absent, or of a kind that only ElectroDB treats. */
type Compose = (from: Fields) => string | undefined;

/** What ElectroDB would make of plain records, made directly: `undefined` sends the caller to ElectroDB itself. */
export type PlainRow = {
  key(id: Fields): Key | undefined;
  item(record: Fields): Item | undefined;
  read(item: Item): Fields | undefined;
};

/** Attributes whose meaning is nothing but their type. */
const PLAIN = new Set(["type", "required", "field", "padding", "default"]);
const PARTS = /\$\{(\w+)\}/g;

/**
 * The part of ElectroDB's work that rows need on every read and write, for schemas that use nothing else of it: keys by
 * template, types and enumerations checked, absent index keys left out. Many times faster than building a query for it.
 * A record that does not fit is left to ElectroDB, whose error says why.
 *
 * Returns: undefined for a schema that uses more. Equal to ElectroDB for every row: test/table/plain-row.test.ts.
 */
export const plainRow = ({ model, attributes, indexes }: RowSchema): PlainRow | undefined => {
  const isPlain = Object.values(attributes).every(each => Object.keys(each).every(name => PLAIN.has(name)));
  const table = Object.values(indexes).find(({ index = "" }) => index === "");
  const keyParts = Object.values(indexes).flatMap(({ pk, sk }) => [pk, ...(sk ? [sk] : [])]);
  if (!isPlain || table?.sk === undefined || !keyParts.every(isLiteral)) return undefined;
  const pk = composer(attributes, table.pk);
  const sk = composer(attributes, table.sk);
  const others = Object.values(indexes)
    .filter(each => each !== table)
    .map(each => [each.pk, ...(each.sk ? [each.sk] : [])])
    .map(parts => parts.map(part => ({ field: part.field, compose: composer(attributes, part) })));
  const fields = Object.entries(attributes).map(([name, { field = name, ...attribute }]) => ({
    ...{ name, field, fits: fitting(attribute.type), isRequired: attribute.required === true },
  }));
  const { entity, version } = model;

  const key = (id: Fields): Key | undefined => {
    const [PK, SK] = [pk(id), sk(id)];
    return PK === undefined || SK === undefined ? undefined : { PK, SK };
  };

  return {
    key,
    item: record => {
      const item: Record<string, Value | undefined> = {};
      for (const { name, field, fits, isRequired } of fields) {
        const value = record[name];
        if (value === undefined ? isRequired : !fits(value)) return undefined;
        if (value !== undefined) item[field] = value as Value; // its type was checked
      }
      const tableKey = key(record);
      if (tableKey === undefined) return undefined;
      for (const parts of others) {
        let absent = 0;
        for (const { field, compose } of parts) {
          const text = compose(record);
          if (text === undefined) absent += 1;
          else item[field] = text;
        }
        if (absent > 0 && absent < parts.length) return undefined;
      }
      item.PK = tableKey.PK;
      item.SK = tableKey.SK;
      item.__edb_e__ = entity;
      item.__edb_v__ = version;
      return item as Item; // with its key since just now
    },
    read: item => {
      if (item.__edb_e__ !== entity || item.__edb_v__ !== version) return undefined;
      const record: Record<string, unknown> = {};
      for (const { name, field } of fields) {
        const value = item[field];
        if (value !== undefined) record[name] = value;
      }
      return record;
    },
  };
};

const isLiteral = ({ template, casing }: KeyPart): boolean => template !== undefined && casing === "none";

const fitting = (type: unknown): ((value: unknown) => boolean) => {
  if (type === "any") return () => true;
  if (type === "number") return value => typeof value === "number" && !Number.isNaN(value);
  if (type === "string" || type === "boolean") return value => typeof value === type;
  if (Array.isArray(type)) return value => type.includes(value);
  return () => false;
};

const composer = (attributes: RowSchema["attributes"], { template = "" }: KeyPart): Compose => {
  const names = [...template.matchAll(PARTS)].map(([, name = ""]) => name);
  const literals = template.split(/\$\{\w+\}/);
  const paddings = names.map(name => attributes[name]?.padding);
  return from => {
    let text = literals[0] ?? "";
    for (let i = 0; i < names.length; i += 1) {
      const value = from[names[i] ?? ""];
      if (typeof value !== "number" && (typeof value !== "string" || value === "")) return undefined;
      const padding = paddings[i];
      const part = padding ? String(value).padStart(padding.length, padding.char) : String(value);
      text += part + (literals[i + 1] ?? "");
    }
    return text;
  };
};
