import type { Random } from "../../ports/random.ts";
import { randomInteger, seededRandom } from "../seeded-random.ts";

/** What goes wrong between a topic and a queue, and when a queue is read. Rates are from 0 to 1. */
export type ChaosSettings = {
  readonly seed: number;
  /** Share of messages that arrive a second time, and of receives that hand a message out twice. */
  readonly duplicate: number;
  /** Share of messages that never arrive. */
  readonly drop: number;
  /** Messages become visible after a random part of this many ms. */
  readonly delayMaxMs: number;
  /** A queue hands out any visible message instead of the oldest. */
  readonly shuffle: boolean;
};

export type ChaosCounts = {
  readonly delivered: number;
  readonly duplicated: number;
  readonly dropped: number;
  readonly delayed: number;
  readonly shuffled: number;
  readonly receivedTwice: number;
};

/** Everything arrives once, at once, in order. */
export const CALM: ChaosSettings = { seed: 0, duplicate: 0, drop: 0, delayMaxMs: 0, shuffle: false };

const NO_COUNTS: ChaosCounts = {
  delivered: 0,
  duplicated: 0,
  dropped: 0,
  delayed: 0,
  shuffled: 0,
  receivedTwice: 0,
};

/** Faults from one seed: the same seed and the same calls give the same faults. */
export class Chaos {
  #settings: ChaosSettings;
  #random: Random;
  #counts: ChaosCounts = NO_COUNTS;

  constructor(settings: Partial<ChaosSettings> = {}) {
    this.#settings = { ...CALM, ...settings };
    this.#random = seededRandom(this.#settings.seed);
  }

  get settings(): ChaosSettings {
    return this.#settings;
  }

  get counts(): ChaosCounts {
    return this.#counts;
  }

  /** Changes what goes wrong from now on. A seed starts the random numbers anew; the counts go on. */
  set(settings: Partial<ChaosSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    if (settings.seed !== undefined) this.#random = seededRandom(settings.seed);
  }

  /** The fate of one message on its way to one queue: the delay in ms of each copy that arrives. */
  hop(): readonly number[] {
    const { drop, duplicate } = this.#settings;
    if (this.#happens(drop)) {
      this.#count("dropped");
      return [];
    }
    this.#count("delivered");
    if (!this.#happens(duplicate)) return [this.#delayMs()];
    this.#count("duplicated");
    return [this.#delayMs(), this.#delayMs()];
  }

  /** Which of `size` visible messages a queue hands out: 0 is the oldest. */
  pick(size: number): number {
    if (!this.#settings.shuffle || size < 2) return 0;
    const place = randomInteger(this.#random, size);
    if (place !== 0) this.#count("shuffled");
    return place;
  }

  /** Whether a message just handed out will be handed out once more, also after it was deleted. */
  receivesTwice(): boolean {
    const twice = this.#happens(this.#settings.duplicate);
    if (twice) this.#count("receivedTwice");
    return twice;
  }

  #happens(rate: number): boolean {
    return rate > 0 && this.#random.next() < rate;
  }

  #delayMs(): number {
    const { delayMaxMs } = this.#settings;
    if (delayMaxMs <= 0) return 0;
    this.#count("delayed");
    return randomInteger(this.#random, delayMaxMs + 1);
  }

  #count(name: keyof ChaosCounts): void {
    this.#counts = { ...this.#counts, [name]: this.#counts[name] + 1 };
  }
}
