import { Chaos } from "../../src/local/chaos/chaos.ts";
import { type Counts, count } from "./counts.ts";
import type { Swarm } from "./swarm.ts";
import type { Tape } from "./tape.ts";

/** What goes wrong between a topic and a queue, by the tape. */
export class TapeChaos extends Chaos {
  readonly #tape: Tape;
  readonly #swarm: Swarm;
  readonly #faults: Counts;
  isCruel = true;

  constructor(tape: Tape, swarm: Swarm, faults: Counts) {
    super();
    this.#tape = tape;
    this.#swarm = swarm;
    this.#faults = faults;
  }

  override hop(): readonly number[] {
    if (!this.isCruel) return [0];
    if (this.#strikes("F4", this.#swarm.lose)) return [];
    if (!this.#strikes("F1", this.#swarm.duplicate)) return [this.#delayMs()];
    return [this.#delayMs(), this.#delayMs()];
  }

  override pick(size: number): number {
    if (!this.isCruel || !this.#swarm.shuffle || size < 2) return 0;
    const place = this.#tape.below(size);
    if (place !== 0) count(this.#faults, "F3");
    return place;
  }

  override receivesTwice(): boolean {
    return this.isCruel && this.#strikes("F2", this.#swarm.ghost);
  }

  #strikes(name: string, rate: number): boolean {
    const does = this.#tape.chance(rate);
    if (does) count(this.#faults, name);
    return does;
  }

  #delayMs(): number {
    if (this.#swarm.delayMaxMs === 0) return 0;
    const delayMs = this.#tape.below(this.#swarm.delayMaxMs);
    if (delayMs > 0) count(this.#faults, "F3");
    return delayMs;
  }
}
