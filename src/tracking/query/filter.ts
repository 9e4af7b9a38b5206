import type { Lifecycle } from "../lifecycle.ts";
import { type AttributeTest, attributeFits, parseAttributeTest } from "./attribute-test.ts";
import type { ObjectEntry } from "./entry.ts";
import { matches, parsePattern } from "./pattern.ts";

export const PRESENCES = ["current", "gone", "all"] as const;

/** Of the readable copy of a cold object: `none` was asked for or is left, `ongoing`, or `restored`. */
export const RESTORES = ["none", "ongoing", "restored"] as const;

/**
 * Which entries are wanted. Fields are joined by AND, the values of one field by OR; a field that is absent or has no
 * value lets all pass. Text is compared with patterns (`parsePattern`), from its first to its last character.
 *
 * A size, a version or a class that an entry does not have fits no condition on it.
 */
export type ObjectFilter = {
  readonly buckets?: readonly string[];
  readonly keys?: readonly string[];
  readonly versionIds?: readonly string[];
  readonly eTags?: readonly string[];
  readonly storageClasses?: readonly string[];
  readonly lifecycles?: readonly Lifecycle[];
  /** `current`, unless said otherwise: what is in its bucket now. */
  readonly presence?: (typeof PRESENCES)[number];
  readonly restores?: readonly (typeof RESTORES)[number][];
  /** `name=pattern`, see `parseAttributeTest`; tests of different paths are joined by AND. */
  readonly attributes?: readonly string[];
  readonly sizeBytesMin?: number;
  readonly sizeBytesMax?: number;
  /** ISO instants, both included, of the first observation of the key. */
  readonly since?: string;
  readonly until?: string;
  /** The same, of the view's own time. */
  readonly changedSince?: string;
  readonly changedUntil?: string;
  readonly ignoreCase?: boolean;
};

type Test = (entry: ObjectEntry) => boolean;

/** The filter as a function. Throws: `InvalidQuery` for a pattern or an attribute that cannot be read. */
export const filterOf = (filter: ObjectFilter): Test => {
  const tests = [
    presenceTest(filter),
    ...textTests(filter),
    ...rangeTests(filter),
    ...attributeTests(filter),
    oneOf(filter.lifecycles, ({ lifecycle }) => lifecycle),
    oneOf(filter.restores, restoreOf),
  ];
  return entry => tests.every(test => test(entry));
};

const presenceTest =
  ({ presence = "current" }: ObjectFilter): Test =>
  ({ isPresent }) =>
    presence === "all" || isPresent === (presence === "current");

const textTests = (filter: ObjectFilter): readonly Test[] => {
  const text = (patterns: readonly string[] = [], of: (entry: ObjectEntry) => string | undefined): Test => {
    const wanted = patterns.map(parsePattern);
    return entry => {
      const value = of(entry);
      return (
        wanted.length === 0 ||
        (value !== undefined && wanted.some(pattern => matches(pattern, value, filter.ignoreCase)))
      );
    };
  };
  return [
    text(filter.buckets, ({ bucket }) => bucket),
    text(filter.keys, ({ key }) => key),
    text(filter.versionIds, entry => (entry.isPresent ? entry.versionId : undefined)),
    text(filter.eTags, entry => (entry.isPresent ? entry.eTag : undefined)),
    text(filter.storageClasses, entry => (entry.isPresent ? entry.storageClass : undefined)),
  ];
};

const rangeTests = (filter: ObjectFilter): readonly Test[] => [
  between(filter.sizeBytesMin, filter.sizeBytesMax, entry => (entry.isPresent ? entry.sizeBytes : undefined)),
  between(filter.since, filter.until, ({ observedAt }) => observedAt),
  between(filter.changedSince, filter.changedUntil, ({ time }) => time),
];

const between =
  <Value extends string | number>(
    min: Value | undefined,
    max: Value | undefined,
    of: (entry: ObjectEntry) => Value | undefined,
  ): Test =>
  entry => {
    if (min === undefined && max === undefined) return true;
    const value = of(entry);
    return value !== undefined && (min === undefined || value >= min) && (max === undefined || value <= max);
  };

const attributeTests = ({ attributes = [], ignoreCase = false }: ObjectFilter): readonly Test[] => {
  const byPath = Map.groupBy(attributes.map(parseAttributeTest), ({ path }) => JSON.stringify(path));
  return [...byPath.values()].map(
    (tests: readonly AttributeTest[]): Test =>
      entry =>
        tests.some(test => attributeFits(entry.attributes, test, ignoreCase)),
  );
};

const oneOf =
  <Value>(wanted: readonly Value[] = [], of: (entry: ObjectEntry) => Value): Test =>
  entry =>
    wanted.length === 0 || wanted.includes(of(entry));

const restoreOf = (entry: ObjectEntry): (typeof RESTORES)[number] => {
  if (!entry.isPresent || entry.restore === undefined) return "none";
  return entry.restore.isOngoing ? "ongoing" : "restored";
};
