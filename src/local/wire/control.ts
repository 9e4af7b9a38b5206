import type { Clock } from "../../ports/clock.ts";
import type { ChaosSettings } from "../chaos/chaos.ts";
import type { LocalCloud } from "../cloud.ts";
import { queueDepth } from "../sqs/sqs.ts";
import type { Answer } from "./http.ts";

/** The path under which a local cloud answers about itself. No bucket can have that name. */
export const CONTROL_PATH = "/_daybook/";

const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: `${JSON.stringify(value)}\n`,
});

/** A clock that a story may set: one that stands still in between, or one that goes on. */
type MovableClock = Clock & { set(toMs: number): void; advance(byMs: number): void };

const isMovable = (clock: Clock): clock is MovableClock => "set" in clock && "advance" in clock;

const clockState = ({ clock }: LocalCloud) => ({
  nowMs: clock.now(),
  now: new Date(clock.now()).toISOString(),
  isMovable: isMovable(clock),
});

const idleState = ({ sqs }: LocalCloud) => {
  const queues = Object.fromEntries([...sqs.state.queues.keys()].map(name => [name, queueDepth(sqs, name)]));
  const isIdle = Object.values(queues).every(
    ({ visible, delayed, inFlight }) => visible + delayed + inFlight === 0,
  );
  return { isIdle, queues };
};

type Body = Readonly<Record<string, unknown>>;

const setClock = (cloud: LocalCloud, body: Body): Answer => {
  const { clock } = cloud;
  if (!isMovable(clock)) return json(409, { error: "This cloud runs on the system clock." });
  const { now, nowMs, advanceMs } = body;
  const targetMs = typeof now === "string" ? Date.parse(now) : typeof nowMs === "number" ? nowMs : Number.NaN;
  if (typeof advanceMs === "number" && Number.isFinite(advanceMs)) clock.advance(advanceMs);
  else if (Number.isFinite(targetMs)) clock.set(targetMs);
  else return json(400, { error: "Expected now (ISO 8601), nowMs or advanceMs." });
  cloud.runDue();
  return json(200, clockState(cloud));
};

const RATES = ["duplicate", "drop"] as const;
const NUMBERS = ["seed", "delayMaxMs"] as const;

const setChaos = ({ chaos }: LocalCloud, body: Body): Answer => {
  const settings: { -readonly [Name in keyof ChaosSettings]?: ChaosSettings[Name] } = {};
  for (const name of RATES) {
    const rate = body[name];
    if (rate === undefined) continue;
    if (typeof rate !== "number" || rate < 0 || rate > 1)
      return json(400, { error: `Expected ${name} from 0 to 1.` });
    settings[name] = rate;
  }
  for (const name of NUMBERS) {
    const value = body[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || value < 0)
      return json(400, { error: `Expected ${name} to be a number, 0 or more.` });
    settings[name] = value;
  }
  if (typeof body.shuffle === "boolean") settings.shuffle = body.shuffle;
  chaos.set(settings);
  return json(200, { settings: chaos.settings, counts: chaos.counts });
};

const parsed = (text: string): Body | undefined => {
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Body) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/**
 * Answers a control request.
 *
 * `GET clock`, `POST clock {now | nowMs | advanceMs}`, `GET counts`, `GET idle`, `GET chaos`, `POST chaos {seed,
 * duplicate, drop, delayMaxMs, shuffle}`, `POST run-due` (restores and lifecycle). `point-in-time` is answered by
 * `pointInTimeAnswer`.
 */
export const controlAnswer = (
  cloud: LocalCloud,
  request: { readonly method: string; readonly path: string; readonly text: string },
  counts: ReadonlyMap<string, number>,
): Answer => {
  const body = parsed(request.text);
  if (body === undefined) return json(400, { error: "Expected a JSON object." });
  switch (`${request.method} ${request.path.slice(CONTROL_PATH.length)}`) {
    case "GET clock":
      return json(200, clockState(cloud));
    case "POST clock":
      return setClock(cloud, body);
    case "GET counts":
      return json(200, Object.fromEntries(counts));
    case "GET idle":
      return json(200, idleState(cloud));
    case "GET chaos":
      return json(200, { settings: cloud.chaos.settings, counts: cloud.chaos.counts });
    case "POST chaos":
      return setChaos(cloud, body);
    case "POST run-due":
      cloud.runDue();
      return json(200, {});
    default:
      return json(404, { error: `No control endpoint ${request.method} ${request.path}.` });
  }
};
