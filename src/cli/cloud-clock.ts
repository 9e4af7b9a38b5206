import { systemClock } from "../local/system-clock.ts";
import type { Clock } from "../ports/clock.ts";
import { cloudNow } from "./clock.ts";
import type { Connection } from "./connect.ts";

/** The time of the cloud a command talks to, so that what it writes down fits to what the functions write. */
export const cloudClock = async (connection: Connection): Promise<Clock> => {
  const aheadMs = (await cloudNow(connection)) - systemClock.now();
  return { now: () => systemClock.now() + aheadMs, sleep: systemClock.sleep };
};
