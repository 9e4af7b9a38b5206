import type { EventSource, EventSources } from "../../ports/event-sources.ts";
import { type ControlPlace, type ControlSet, setControl } from "./control.ts";

/** Lambda disables within a minute; asked every second, with time to spare. */
const LOOK_EVERY_MS = 1_000;
const LOOKS_MAX = 180;

export type Consumers = ControlPlace & {
  readonly sources: EventSources;
  /** Names of the functions that consume. One that is not deployed has no event source, and that is no error. */
  readonly functions: readonly string[];
};

export type Halted = ControlSet & {
  /** All event sources of the functions, as they are at the end. */
  readonly sources: readonly EventSource[];
  /** Whether all of them have come to the state asked for. If not, Lambda is still at it. */
  readonly isSettled: boolean;
};

/**
 * Stops all consumption: disables the event sources and writes down that, when and why it was done. Messages wait in
 * their queues and no receive is spent on them; calls that are running end.
 *
 * Halting what is halted disables again whatever was enabled meanwhile. What is written down holds also if disabling
 * failed: the functions then acknowledge nothing.
 * Throws: what the ports throw.
 */
export const halt = async (consumers: Consumers, reason: string): Promise<Halted> => {
  let set: ControlSet;
  try {
    await switchAll(consumers, false);
  } finally {
    // Second, so that the functions do not send messages back that they could have left in the queue.
    set = await setControl(consumers, { state: "halted", reason });
  }
  return { ...set, ...(await settled(consumers, "Disabled")) };
};

/** Undoes `halt`: first what is written down, since a function that sees a halt sends its messages back. */
export const resume = async (consumers: Consumers, reason: string): Promise<Halted> => {
  const set = await setControl(consumers, { state: "running", reason });
  await switchAll(consumers, true);
  return { ...set, ...(await settled(consumers, "Enabled")) };
};

const sourcesOf = async ({ sources, functions }: Consumers): Promise<readonly EventSource[]> => {
  const found = [];
  for (const name of functions) found.push(...(await sources.of(name)));
  return found;
};

const switchAll = async (consumers: Consumers, isEnabled: boolean): Promise<void> => {
  const wanted = isEnabled ? "Enabled" : "Disabled";
  for (const { id, state } of await sourcesOf(consumers))
    if (state !== wanted) await consumers.sources.enable(id, isEnabled);
};

const settled = async (
  consumers: Consumers,
  wanted: "Enabled" | "Disabled",
): Promise<Pick<Halted, "sources" | "isSettled">> => {
  for (let looks = 1; ; looks += 1) {
    const sources = await sourcesOf(consumers);
    const isSettled = sources.every(({ state }) => state === wanted);
    if (isSettled || looks === LOOKS_MAX) return { sources, isSettled };
    await consumers.clock.sleep(LOOK_EVERY_MS);
  }
};
