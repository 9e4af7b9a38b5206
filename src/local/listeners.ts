/** Callbacks told of a change. They are called while the change is being made, so they should only resolve promises. */
export class Listeners {
  readonly #listeners = new Set<() => void>();

  /** Returns: stop listening. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
