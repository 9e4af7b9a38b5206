import type { EventSource, EventSources } from "../../ports/event-sources.ts";
import {
  type ControlPlace,
  type ControlRecord,
  type ControlSet,
  type GivesWay,
  readControl,
  setControl,
} from "./control.ts";

/** Whether a halt gives way, by its reason. */
export type HaltGivesWay = (reason: string) => boolean | Promise<boolean>;

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
  /** Whether all of them have come to the state that was last asked for, by whomever. If not, Lambda is still at it. */
  readonly isSettled: boolean;
};

/**
 * Stops all consumption: disables the event sources and writes down that, when and why it was done. Messages wait in
 * their queues and no receive is spent on them; calls that are running end.
 *
 * Halting what is halted disables again whatever was enabled meanwhile. What is written down holds also if disabling
 * failed: the functions then acknowledge nothing. If it could not be written down, what was disabled is enabled again.
 * `overrides`: which halts that stand are written down anew, for this reason; none.
 * Throws: what the ports throw.
 */
export const halt = async (
  consumers: Consumers,
  reason: string,
  overrides: HaltGivesWay = () => false,
): Promise<Halted> => {
  let set: ControlSet;
  try {
    await switchAll(consumers, "halted");
  } finally {
    // Second, so that the functions do not send messages back that they could have left in the queue.
    set = await written(consumers, { state: "halted", reason }, record =>
      record.state === "running" ? true : overrides(record.reason),
    );
  }
  return { ...set, ...(await settled(consumers, set.record)) };
};

/**
 * Undoes `halt`: first what is written down, since a function that sees a halt sends its messages back. Also where nothing
 * was halted, event sources that were left disabled are enabled.
 *
 * `undoes`: which halts; any. Throws: what the ports throw.
 */
export const resume = async (
  consumers: Consumers,
  reason: string,
  undoes: HaltGivesWay = () => true,
): Promise<Halted> => {
  const set = await setControl(consumers, { state: "running", reason }, record =>
    record.state === "running" ? false : undoes(record.reason),
  );
  await switchAll(consumers, set.record.state);
  return { ...set, ...(await settled(consumers, set.record)) };
};

/** Writes down what the event sources were switched for; without that they are put back. */
const written = async (
  consumers: Consumers,
  asked: Pick<ControlRecord, "state" | "reason">,
  givesWay: GivesWay,
): Promise<ControlSet> => {
  try {
    return await setControl(consumers, asked, givesWay);
  } catch (error) {
    // What went wrong matters more.
    await settled(consumers).catch(() => {});
    throw error;
  }
};

const sourcesOf = async ({ sources, functions }: Consumers): Promise<readonly EventSource[]> => {
  const found = [];
  for (const name of functions) found.push(...(await sources.of(name)));
  return found;
};

type State = ControlRecord["state"];

/** What Lambda calls an event source that is as it should be. */
const AS_IN: Readonly<Record<State, string>> = { halted: "Disabled", running: "Enabled" };

const switchAll = async (consumers: Consumers, wanted: State): Promise<void> => {
  for (const { id, state } of await sourcesOf(consumers))
    if (state !== AS_IN[wanted]) await consumers.sources.enable(id, wanted === "running");
};

/**
 * Brings the event sources to what is written down, and waits for that. What is written down is read after each switch:
 * of two who halt and resume at once, whoever switches last then knows what the other one wrote.
 */
const settled = async (
  consumers: Consumers,
  known?: ControlRecord,
): Promise<Pick<Halted, "sources" | "isSettled">> => {
  let record = known;
  for (let looks = 1; ; looks += 1) {
    record = await readControl(consumers, record);
    const { state: wanted } = record;
    const sources = await sourcesOf(consumers);
    const isSettled = sources.every(({ state }) => state === AS_IN[wanted]);
    if (isSettled || looks === LOOKS_MAX) return { sources, isSettled };
    // One that is on its way takes no other change.
    const opposite = AS_IN[wanted === "halted" ? "running" : "halted"];
    for (const { id, state } of sources)
      if (state === opposite) await consumers.sources.enable(id, wanted === "running");
    await consumers.clock.sleep(LOOK_EVERY_MS);
  }
};
