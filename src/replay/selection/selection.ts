import type { InventoryRecord } from "../inventory/record.ts";

/** Which rows of inventory reports are wanted; what is absent excludes nothing. Instants are ISO, UTC. */
export type Selection = {
  readonly buckets?: readonly string[] | undefined;
  /** Of keys, as S3 stores them. */
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
  /** By LastModified: from the first on, up to the second, which is excluded. A row without the time is not wanted. */
  readonly since?: string | undefined;
  readonly before?: string | undefined;
  readonly storageClasses?: readonly string[] | undefined;
  /** Current objects alone: no older version, no delete marker. Reports of current versions have nothing else. */
  readonly isCurrentOnly?: boolean | undefined;
};

/** One test of a row. All of a selection's must hold; an absent value holds in none but `is not`. */
export type Condition =
  | { readonly column: "bucket" | "storage_class"; readonly is: "one of"; readonly texts: readonly string[] }
  | { readonly column: "key"; readonly is: "begins with" | "ends in"; readonly text: string }
  | { readonly column: "last_modified_date"; readonly is: "from" | "before"; readonly instant: string }
  | { readonly column: "is_latest" | "is_delete_marker"; readonly is: "not"; readonly truth: boolean };

/** A selection as tests, in a fixed order: what the streaming reader evaluates and Athena is asked. Pure. */
export const conditionsOf = (selection: Selection): readonly Condition[] => {
  const { buckets, prefix = "", suffix = "", since, before, storageClasses, isCurrentOnly } = selection;
  const conditions: readonly (Condition | undefined)[] = [
    buckets && { column: "bucket", is: "one of", texts: buckets },
    prefix === "" ? undefined : { column: "key", is: "begins with", text: prefix },
    suffix === "" ? undefined : { column: "key", is: "ends in", text: suffix },
    since === undefined ? undefined : { column: "last_modified_date", is: "from", instant: since },
    before === undefined ? undefined : { column: "last_modified_date", is: "before", instant: before },
    storageClasses && { column: "storage_class", is: "one of", texts: storageClasses },
    ...(isCurrentOnly === true
      ? ([
          { column: "is_latest", is: "not", truth: false },
          { column: "is_delete_marker", is: "not", truth: true },
        ] as const)
      : []),
  ];
  return conditions.filter(condition => condition !== undefined);
};

/** Whether a row passes a test. Pure. */
export const holds = (condition: Condition, record: InventoryRecord): boolean => {
  switch (condition.column) {
    case "bucket":
      return condition.texts.includes(record.bucket);
    case "storage_class":
      return record.storageClass !== null && condition.texts.includes(record.storageClass);
    case "key":
      return condition.is === "begins with"
        ? record.key.startsWith(condition.text)
        : record.key.endsWith(condition.text);
    case "last_modified_date": {
      if (record.lastModified === null) return false;
      const [atMs, boundMs] = [Date.parse(record.lastModified), Date.parse(condition.instant)];
      return condition.is === "from" ? atMs >= boundMs : atMs < boundMs;
    }
    case "is_latest":
      return record.isLatest !== condition.truth;
    case "is_delete_marker":
      return record.isDeleteMarker !== condition.truth;
  }
};
