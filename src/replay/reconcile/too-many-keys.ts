/** There is more to look at than one run can hold. */
export class TooManyKeys extends Error {
  override readonly name = "TooManyKeys";
  constructor(max: number) {
    super(
      `Tracking knows more than ${max} keys to look at: reconcile one --prefix at a time, or from a later --since on.`,
    );
  }
}
