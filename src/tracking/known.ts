/** A record whose optional fields are absent when there is nothing to say, never `undefined`. */
export type Known<T> = { [Name in keyof T]: Exclude<T[Name], undefined> };

/** The record without the fields that are present but `undefined`, as it comes back from a store. */
export const onlyKnown = <T extends object>(record: T): Known<T> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Known<T>;
