/** A restore began while rows were compared: they are another table's now. */
export class EpochEnded extends Error {
  override readonly name = "EpochEnded";
  constructor(epoch: number) {
    super(`A restore has ended epoch ${epoch} meanwhile: verify again, so that the new table is compared.`);
  }
}
