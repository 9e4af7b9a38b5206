import type { CreateEntityItem, Entity, EntityIdentifiers, EntityItem } from "electrodb";
import { plainRow } from "./plain-row.ts";
import type { Item, Key } from "./store.ts";

// biome-ignore lint/suspicious/noExplicitAny: ElectroDB's own way to accept any entity; the record types below stay exact.
export type AnyEntity = Entity<any, any, any, any>;

/**
 * One kind of row of the one table: typed record in, whole DynamoDB item out, and back.
 *
 * ElectroDB composes the keys, checks the types and stamps the item with its entity's name; the Store moves items. What
 * is plain in that is done here without building a query (see `plainRow`).
 */
export interface RowKind<New, Stored, Id> {
  /** The ElectroDB entity itself, for the Service, the table definition and the generated page. */
  readonly entity: AnyEntity;
  /** ElectroDB entity name, as stamped on every item of this kind. */
  readonly name: string;
  key(id: Id): Key;
  /** Throws ElectroDB's error if the record does not fit the entity, which is a defect of the caller. */
  item(record: New): Item;
  read(item: Item): Stored;
}

/** The name every ElectroDB entity stamps on its items. */
export const ENTITY_NAME_ATTRIBUTE = "__edb_e__";

// Entities are made without a table, since the live table's name changes at a restore; params() wants one.
const ANY_TABLE = { table: "any" };

export const rowKind = <E extends AnyEntity>(
  entity: E,
): RowKind<CreateEntityItem<E>, EntityItem<E>, EntityIdentifiers<E>> => {
  const plain = plainRow(entity.schema);
  return {
    entity,
    name: entity.schema.model.entity,
    key: id => plain?.key(id) ?? entity.get(id).params<{ Key: Key }>(ANY_TABLE).Key,
    item: record => plain?.item(record) ?? entity.put(record).params<{ Item: Item }>(ANY_TABLE).Item,
    read: item => (plain?.read(item) as EntityItem<E> | undefined) ?? parsed(entity, item),
  };
};

const parsed = <E extends AnyEntity>(entity: E, item: Item): EntityItem<E> => {
  const { data } = entity.parse({ Item: item });
  if (data === null)
    throw new Error(`Expected an item of ${entity.schema.model.entity}, got ${item.PK} ${item.SK}`);
  return data as EntityItem<E>;
};
