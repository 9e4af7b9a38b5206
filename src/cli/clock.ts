import { systemClock } from "../local/system-clock.ts";
import { CONTROL_PATH } from "../local/wire/control.ts";
import { isoInstant } from "../ports/clock.ts";
import { type Connection, connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";

/** A loopback server answers in milliseconds; lifecycle over a large bucket takes its time. */
const ANSWER_MS_MAX = 60_000;

type ClockState = { readonly nowMs: number; readonly isMovable: boolean };

const isClockState = (value: unknown): value is ClockState =>
  typeof value === "object" && value !== null && "nowMs" in value && typeof value.nowMs === "number";

/** Asks a local cloud for its clock. Returns: undefined where whatever answers is none. */
const askClock = async (endpoint: string, body?: object): Promise<ClockState | undefined> => {
  const response = await fetch(new URL(`${CONTROL_PATH}clock`, endpoint), {
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
  if (!isJson) {
    await response.body?.cancel();
    return undefined;
  }
  const answer: unknown = await response.json();
  return response.ok && isClockState(answer) ? answer : undefined;
};

/** The time of a cloud, ms since the epoch: a local one has its own clock, any other goes by the machine's. */
export const cloudNow = async ({ endpoint }: Connection): Promise<number> => {
  const clock = endpoint === undefined ? undefined : await askClock(endpoint);
  return clock?.nowMs ?? systemClock.now();
};

/**
 * `daybook clock [advance DURATION]`: shows a local cloud's time, or moves it on; what is due by then happens at once:
 * lifecycle rules and restores.
 *
 * Throws: `Refused` for any cloud that is not local, or whose clock cannot be moved.
 */
export const clockCommand = async (
  { advanceMs, isAws }: { readonly advanceMs?: number; readonly isAws: boolean },
  output: Output,
): Promise<number> => {
  const { clients, endpoint, where } = await connect(isAws);
  clients.close();
  const body = advanceMs === undefined ? undefined : { advanceMs };
  const clock = endpoint === undefined ? undefined : await askClock(endpoint, body);
  if (clock === undefined)
    throw new Refused(
      `Only the clock of a local cloud can be shown and moved, and ${where} is none that has one.`,
    );
  const now = isoInstant(clock.nowMs);
  if (output.isJson) output.json({ now });
  else output.data(now);
  return 0;
};
