import type { AnyEntity } from "./row.ts";

/** A global secondary index: the attributes it is keyed by, all text; every attribute is projected. */
export type IndexDefinition = {
  readonly name: string;
  readonly partition: string;
  readonly sort?: string | undefined;
};

/** What has to be created for the rows to live in: `PK` and `SK`, both text, and these indexes, by name. */
export type TableDefinition = { readonly indexes: readonly IndexDefinition[] };

/**
 * The table that a list of row kinds needs, read off their entities.
 *
 * `sortedByKey`: indexes that take the table's own `SK` as their sort key. ElectroDB refuses to model that
 * (its error 1015), so those entities model the partition key alone and the table adds the rest.
 *
 * Throws: if two entities disagree on what an index is keyed by, or `sortedByKey` names an index nobody has.
 */
export const tableDefinition = (
  kinds: readonly { readonly entity: AnyEntity }[],
  sortedByKey: readonly string[] = [],
): TableDefinition => {
  const byName = new Map<string, IndexDefinition>();
  for (const { entity } of kinds)
    for (const index of indexesOf(entity, sortedByKey)) {
      const known = byName.get(index.name);
      if (known !== undefined && (known.partition !== index.partition || known.sort !== index.sort))
        throw new Error(
          `Expected one shape of index ${index.name}: ${entity.schema.model.entity} has another`,
        );
      byName.set(index.name, index);
    }
  for (const name of sortedByKey)
    if (!byName.has(name)) throw new Error(`Expected an entity in index ${name}, which is sorted by key`);
  return { indexes: [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)) };
};

type EntityIndex = {
  readonly index?: string;
  readonly pk: { readonly field: string };
  readonly sk?: { readonly field: string };
};

const indexesOf = (entity: AnyEntity, sortedByKey: readonly string[]): readonly IndexDefinition[] =>
  Object.values<EntityIndex>(entity.schema.indexes).flatMap(({ index: name, pk, sk }) => {
    if (name === undefined || name === "") return [];
    const sort = sortedByKey.includes(name) ? "SK" : sk?.field;
    return [{ name, partition: pk.field, ...(sort !== undefined && { sort }) }];
  });
