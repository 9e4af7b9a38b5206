import type { Clock } from "../../ports/clock.ts";
import type { PointInTime, RestoreTableOutcome, RestoreWindow } from "../../ports/point-in-time.ts";
import { CONTROL_PATH } from "../wire/control.ts";

/** Each call waits up to ten seconds for the table: five hours of restoring, far more than this machine's tables take. */
const CALLS_MAX = 2_000;
/** Three times what a call waits, for a machine that is busy. */
const ANSWER_MS_MAX = 30_000;

/** The local cloud did not do it, or what answers there is none. */
export class PointInTimeFailed extends Error {
  override readonly name = "PointInTimeFailed";
}

/**
 * Point-in-time recovery of a local cloud in another process, asked over its control path.
 *
 * The cloud goes on restoring if this process ends; the same request again waits for it.
 * Throws: `PointInTimeFailed`; what `fetch` throws if nothing answers.
 */
export const pointInTimeOverControl = (endpoint: string, clock: Pick<Clock, "now">): PointInTime => ({
  window: async table => {
    const { body } = await ask(endpoint, `?table=${encodeURIComponent(table)}`);
    const { window } = body as { readonly window: RestoreWindow | null }; // written by pointInTimeAnswer
    return window ?? undefined;
  },
  restore: async ({ table, to, at, torn, isScratch, onWaiting }) => {
    const startedMs = clock.now();
    const text = JSON.stringify({ table, to, at, torn, isScratch });
    for (let call = 0; call < CALLS_MAX; call += 1) {
      const { status, body } = await ask(endpoint, "", text);
      if (status === 400) throw new RangeError(errorOf(body));
      if (status === 200) return firstOf(body as RestoreTableOutcome, call); // written by pointInTimeAnswer
      onWaiting?.(clock.now() - startedMs);
    }
    throw new PointInTimeFailed(`The table ${to} was not restored within ${CALLS_MAX} calls.`);
  },
});

/** A later call finds what our own first one began. */
const firstOf = (outcome: RestoreTableOutcome, call: number): RestoreTableOutcome =>
  outcome.outcome === "restored" && call > 0 ? { ...outcome, wasThere: false } : outcome;

const ask = async (endpoint: string, query: string, text?: string) => {
  const response = await fetch(new URL(`${CONTROL_PATH}point-in-time${query}`, endpoint), {
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    ...(text !== undefined && { method: "POST", body: text }),
  });
  const answer = await response.text();
  if (response.headers.get("content-type")?.startsWith("application/json") !== true)
    throw new PointInTimeFailed(`What answers at ${endpoint} is no local cloud with backups of its tables.`);
  const body: unknown = JSON.parse(answer);
  if (response.status > 299 && response.status !== 400) throw new PointInTimeFailed(errorOf(body));
  return { status: response.status, body };
};

const errorOf = (body: unknown): string =>
  typeof body === "object" && body !== null && "error" in body ? String(body.error) : "No reason was given.";
