import { bankTable, tableRows } from "../../src/app.ts";
import type { AnyEntity } from "../../src/table/row.ts";
import { ACCESS_PATTERNS, type AccessPattern, WRITERS } from "./access-patterns.ts";
import { code, tableOf } from "./markdown.ts";

type Key = { readonly field: string; readonly template?: string };
type Index = { readonly index?: string; readonly pk: Key; readonly sk?: Key };
type Attribute = {
  readonly type: unknown;
  readonly field?: string;
  readonly required?: boolean;
  readonly padding?: { readonly length: number };
};

const indexesOf = (entity: AnyEntity): readonly Index[] => Object.values<Index>(entity.schema.indexes);

/** An attribute that DynamoDB keeps as a map is `any` to ElectroDB and typed by TypeScript alone. */
const typeText = (type: unknown): string => {
  if (Array.isArray(type)) return type.map(value => code(String(value))).join(", ");
  return type === "any" ? "map" : String(type);
};

/** The stored name comes first: it is what a reader of the table meets. */
const attributeRow = ([name, { type, field, required, padding }]: [string, Attribute]): readonly string[] => [
  code(field ?? name),
  typeText(type),
  required === true ? "always" : "if known",
  [
    ...(field === undefined || field === name ? [] : [`${code(name)} in the code`]),
    ...(padding === undefined ? [] : [`${padding.length} digits in keys`]),
  ].join("; "),
];

const keyText = (index: Index): string =>
  [index.pk, ...(index.sk ? [index.sk] : [])]
    .map(({ field, template = "" }) => `${code(field)} = ${code(template)}`)
    .join(", ");

const indexLines = (entity: AnyEntity): string =>
  indexesOf(entity)
    .map(index => `- ${index.index === undefined ? "Key" : `In ${code(index.index)}`}: ${keyText(index)}`)
    .join("\n");

const sectionOf = ([name, { entity }]: [string, { readonly entity: AnyEntity }]): string =>
  [
    `### ${name}`,
    WRITERS[name] ?? "",
    indexLines(entity),
    tableOf(
      ["Attribute", "Type", "Present", ""],
      Object.entries<Attribute>(entity.schema.attributes).map(attributeRow),
    ),
  ].join("\n\n");

const indexTable = (): string =>
  tableOf(
    ["Index", "Partition", "Sort", "Kinds of rows in it"],
    bankTable.indexes.map(({ name, partition, sort = "" }) => [
      code(name),
      code(partition),
      code(sort),
      Object.values(tableRows)
        .filter(({ entity }) => indexesOf(entity).some(({ index }) => index === name))
        .map(({ name: kind }) => kind)
        .join(", "),
    ]),
  );

const patternRow = ({ who, what, how, files }: AccessPattern): readonly string[] => [
  who,
  what,
  how,
  files.map(file => `[${file}](../src/${file})`).join(", "),
];

const INTRODUCTION = `# The table

Everything lies in one DynamoDB table with the key \`PK\`, \`SK\`, both text. The kinds of rows are ElectroDB entities;
every item carries its kind in \`__edb_e__\` and the entity's version in \`__edb_v__\`. Attribute names are Lab 4's where it has one,
with the unit added for money. Keys keep their case.

- One transaction writes a decision: head, line, the rows it shows in, the request's state, the registry.
- The head is the only row that decisions depend on and that changes. Lines, transactions, observations and registry entries are written once, but for an
  observation's counter of duplicates; balances and states are derived and may be written again.
- No decision reads an index. Reads of the table itself are strongly consistent.`;

/** The page docs/TABLE.md, made from the entities. */
export const tablePage = (): string =>
  `${[
    "<!-- Generated from src/app.ts by scripts/generate-docs.ts; do not edit. -->",
    INTRODUCTION,
    "## Access patterns",
    tableOf(["Who", "What", "How", "Where"], ACCESS_PATTERNS.map(patternRow)),
    "## Indexes",
    "Every attribute is projected. All are sparse: only rows that have the index's partition attribute are in it.",
    indexTable(),
    "## Kinds of rows",
    ...Object.entries(tableRows).map(sectionOf),
  ].join("\n\n")}\n`;
