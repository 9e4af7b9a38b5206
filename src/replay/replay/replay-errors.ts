/** Another restore has begun: this table's epoch is over, and what it lacks matters no more. */
export class EpochOver extends Error {
  override readonly name = "EpochOver";
  constructor(epoch: number) {
    super(
      `Epoch ${epoch} is over, since another restore has begun: finish that one with "daybook restore", then replay its table.`,
    );
  }
}

/** Somebody asked to stop. */
export class StopAsked extends Error {
  override readonly name = "StopAsked";
}
