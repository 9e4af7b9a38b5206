/** Randomness as an input, so that a seed reproduces a run. Never used for secrets. */
export interface Random {
  /** A number at or above 0 and below 1, uniformly distributed. */
  next(): number;
}
