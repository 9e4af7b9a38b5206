/** A stream's head is not where the sealed manifests say the stream has been, or a decision of theirs is not as listed. */
export class OffTheChain extends Error {
  override readonly name = "OffTheChain";
  constructor(stream: string, what: string) {
    super(
      `${stream} ${what}: the table and the sealed manifests contradict each other. Nothing was moved; restore to another instant, or compare both.`,
    );
  }
}
