/** A snapshot cannot be read as it was written: the message names the object and says what is wrong with it. */
export class SnapshotDamaged extends Error {
  override readonly name = "SnapshotDamaged";
  constructor(bucket: string, key: string, what: string) {
    super(`s3://${bucket}/${key} ${what}: the snapshot cannot be used, take another one.`);
  }
}
