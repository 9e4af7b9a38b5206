/** From warm to cold: the only way a lifecycle moves an object. */
const WARM_TO_COLD = [
  "REDUCED_REDUNDANCY",
  "STANDARD",
  "STANDARD_IA",
  "INTELLIGENT_TIERING",
  "ONEZONE_IA",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
];

/**
 * The class an object is in, given all classes it was seen in; `undefined` if it was seen in none.
 *
 * A transition only goes down this list, and any other change of class is a copy, which is another object. So the
 * coldest class seen is the last, whatever the order of the sightings; a class that is not in the list is the coldest.
 * Source: Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle", the waterfall of classes.
 */
export const coldestOf = (storageClasses: readonly (string | undefined)[]): string | undefined => {
  const seen = storageClasses.filter(storageClass => storageClass !== undefined);
  return seen.toSorted((left, right) => coldness(left) - coldness(right) || (left < right ? -1 : 1)).at(-1);
};

const coldness = (storageClass: string): number => {
  const position = WARM_TO_COLD.indexOf(storageClass);
  return position === -1 ? WARM_TO_COLD.length : position;
};
