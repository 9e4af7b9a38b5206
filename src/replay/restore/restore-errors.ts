/** A restore that may not begin or go on as asked; nothing was changed. The message says what to do instead. */
export class RestoreRefused extends Error {
  override readonly name = "RestoreRefused";
}

/** Another process finished this restore: this one must not write any more. Nothing is lost by that. */
export class RestoreTakenOver extends Error {
  override readonly name = "RestoreTakenOver";
  constructor(epoch: number) {
    super(`The restore to epoch ${epoch} was completed by another process: leave it to that one.`);
  }
}
