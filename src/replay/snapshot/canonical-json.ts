/**
 * JSON of a value in its one form: names of objects in order, nothing that is undefined, no blanks.
 *
 * Whatever order the table hands attributes out in, the text is the same, so that texts and digests can be compared.
 */
export const canonicalJson = (value: unknown): string => JSON.stringify(value, inOrder);

const inOrder = (_name: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
