/** A query that cannot be understood. The message says what was given, where it is wrong, and what would be right. */
export class InvalidQuery extends Error {
  override readonly name = "InvalidQuery";
}
