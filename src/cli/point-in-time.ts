import { awsPointInTime } from "../aws/point-in-time.ts";
import { pointInTimeOverControl } from "../local/point-in-time/over-control.ts";
import { CONTROL_PATH } from "../local/wire/control.ts";
import type { PointInTime } from "../ports/point-in-time.ts";
import type { Connection } from "./connect.ts";

/** A loopback server answers in milliseconds. */
const ANSWER_MS_MAX = 5_000;

/**
 * The point-in-time recovery of the cloud a command talks to: of a local one its own, asked over its control path, else
 * DynamoDB's, at whatever endpoint the table is.
 */
export const pointInTimeOf = async ({ app, clients, endpoint }: Connection): Promise<PointInTime> =>
  endpoint !== undefined && (await isLocal(endpoint))
    ? pointInTimeOverControl(endpoint, app.clock)
    : awsPointInTime({ client: await clients.dynamodb(), clock: app.clock });

/** Only a local cloud answers there, and tells of its clock. */
const isLocal = async (endpoint: string): Promise<boolean> => {
  const response = await fetch(new URL(`${CONTROL_PATH}clock`, endpoint), {
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  await response.body?.cancel();
  return response.ok && response.headers.get("content-type")?.startsWith("application/json") === true;
};
