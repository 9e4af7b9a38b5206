/** Something of a bundle is not as it was made. The decisions themselves are not touched by that. */
export class BundleDamaged extends Error {
  override readonly name = "BundleDamaged";
  readonly key: string;
  readonly reason: string;
  constructor(key: string, reason: string, options?: ErrorOptions) {
    super(`${key}: ${reason}`, options);
    this.key = key;
    this.reason = reason;
  }
}
