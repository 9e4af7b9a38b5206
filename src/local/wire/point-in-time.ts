import type { PointInTime, RestoreTableOutcome, RestoreTableRequest } from "../../ports/point-in-time.ts";
import { systemClock } from "../system-clock.ts";
import type { Answer } from "./http.ts";

/** A restore that lasts longer is answered with 202, and goes on: connections do not stay open for it. */
const ANSWER_AFTER_MS = 10_000;

const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: `${JSON.stringify(value)}\n`,
});

/**
 * Answers `GET point-in-time?table=NAME` with the table's window, null if it has none, and
 * `POST point-in-time {table, to, at, isScratch?, torn?: {seed, withinMs}}` with the outcome of the restore, or with 202 while it
 * lasts: the same request again waits on.
 */
export const pointInTimeAnswer = async (
  pointInTime: PointInTime | undefined,
  request: { readonly method: string; readonly query: string; readonly text: string },
  answerAfterMs = ANSWER_AFTER_MS,
): Promise<Answer> => {
  if (pointInTime === undefined) return json(404, { error: "This cloud keeps no backups of its tables." });
  try {
    return await answered(pointInTime, request, answerAfterMs);
  } catch (error) {
    // Whoever asked is another program: the reason goes there, as what answers here has nobody to tell it to.
    return json(500, { error: `The table server did not do it: ${String(error)}` });
  }
};

const answered = async (
  pointInTime: PointInTime,
  request: { readonly method: string; readonly query: string; readonly text: string },
  answerAfterMs: number,
): Promise<Answer> => {
  if (request.method === "GET") {
    const table = new URLSearchParams(request.query).get("table") ?? "";
    return json(200, { window: (await pointInTime.window(table)) ?? null });
  }
  const asked = request.method === "POST" ? requestOf(request.text) : undefined;
  if (asked === undefined)
    return json(400, {
      error: "Expected table, to, at (ISO 8601), and torn with seed and withinMs if at all.",
    });
  const outcome = await withinTime(pointInTime.restore(asked), answerAfterMs);
  return outcome === undefined ? json(202, { outcome: "building" }) : json(200, outcome);
};

const withinTime = async (
  work: Promise<RestoreTableOutcome>,
  delayMs: number,
): Promise<RestoreTableOutcome | undefined> => {
  let cancel = (): void => {};
  const late = new Promise<undefined>(resolve => {
    cancel = systemClock.alarm(delayMs, () => resolve(undefined));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
    // A failure after the answer is met by the next call, which begins anew.
    work.catch(() => {});
  }
};

const requestOf = (text: string): RestoreTableRequest | undefined => {
  const body = parsed(text);
  if (typeof body !== "object" || body === null) return undefined;
  const { table, to, at, torn, isScratch = false } = body as Readonly<Record<string, unknown>>;
  if (typeof isScratch !== "boolean") return undefined;
  if (!isName(table) || !isName(to) || typeof at !== "string" || !Number.isFinite(Date.parse(at)))
    return undefined;
  if (torn === undefined || torn === null) return { table, to, at, isScratch };
  const { seed, withinMs } = torn as Readonly<Record<string, unknown>>;
  if (!isWhole(seed) || !isWhole(withinMs)) return undefined;
  return { table, to, at, isScratch, torn: { seed, withinMs } };
};

// DynamoDB: 3 to 255 letters, digits, and _-.
const isName = (value: unknown): value is string =>
  typeof value === "string" && /^[A-Za-z0-9_.-]{3,255}$/.test(value);

const isWhole = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
