import { createHash } from "node:crypto";
import type { Poller } from "./poller.ts";

/** A queue and the function it calls. */
export type LocalEventSource = {
  readonly uuid: string;
  readonly functionName: string;
  readonly queueArn: string;
  readonly batchSize: number;
  /** When it was made or last switched. */
  changedMs: number;
  readonly poller: Poller;
};

/** The event source mappings of a cloud: one for each poller. They live as long as the process does. */
export class LocalEventSources {
  readonly #sources = new Map<string, LocalEventSource>();

  add(source: Omit<LocalEventSource, "uuid">): void {
    const uuid = uuidOf(`${source.functionName} ${source.queueArn} ${this.#sources.size}`);
    this.#sources.set(uuid, { ...source, uuid });
  }

  /** In the order in which they were made. */
  all(): readonly LocalEventSource[] {
    return [...this.#sources.values()];
  }

  get(uuid: string): LocalEventSource | undefined {
    return this.#sources.get(uuid);
  }
}

/** The same text gives the same id, so that an id somebody wrote down is right after a restart, too. */
const uuidOf = (text: string): string => {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
