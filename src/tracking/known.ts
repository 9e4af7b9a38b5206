/** A record whose optional fields are absent when there is nothing to say, never `undefined`. */
export type Known<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

/** The record without the fields that are present but `undefined`, as it comes back from a store. */
export const onlyKnown = <T extends object>(record: T): Known<T> => {
  const known: Partial<T> = {};
  for (const name of Object.keys(record) as (keyof T)[])
    if (record[name] !== undefined) known[name] = record[name];
  return known as Known<T>; // every field that is known was copied
};
