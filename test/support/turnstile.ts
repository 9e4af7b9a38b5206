import { Entity } from "electrodb";
import type { Domain, Original, Parsed, Projection, Verdict } from "../../src/ledger/domain.ts";
import { rowKind } from "../../src/table/row.ts";

/**
 * The second domain: gates that swallow coins. It drives the machinery's tests, to show that the machinery knows no
 * bank. It has what a domain can have: two streams in one request, follow-ups to an original, refusals that depend on
 * order, and malformed requests.
 *
 * coin_<id>    {gate, coins}       drops coins into a gate; the registered original of a return
 * push_<id>    {gate}              takes one coin, or is refused LOCKED
 * move_<id>    {from, to, coins}   carries coins from gate to gate, or is refused LOCKED
 * return_<id>  {at}                gives the coins of coin_<id> back once, or is refused
 * shut_<id>    {gate}              shuts a gate, so that nothing else is decided on it, or is refused SHUT
 * open_<id>    {gate}              opens it again, or is refused OPEN
 */
export type Gate = {
  readonly coins: number;
  readonly pushes: number;
  readonly returnable: readonly string[];
  readonly isShut: boolean;
};
export type Turn = {
  readonly coins: number;
  readonly pushes: number;
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  readonly shuts?: boolean;
};
type Body = { gate?: unknown; from?: unknown; to?: unknown; coins?: unknown; at?: unknown };
export type Request =
  | { readonly type: "coin"; readonly id: string; readonly gate: string; readonly coins: number }
  | { readonly type: "push"; readonly gate: string }
  | { readonly type: "move"; readonly from: string; readonly to: string; readonly coins: number }
  | { readonly type: "return"; readonly id: string }
  | { readonly type: "shut" | "open"; readonly gate: string };
export type Rules = { readonly price: number };

const KEY = /^(coin|push|move|return|shut|open)_([a-z0-9]+)\.event$/;
const NOTHING: Turn = { coins: 0, pushes: 0, opened: [], closed: [] };
const isGate = (value: unknown): value is string => typeof value === "string" && /^g\d+$/.test(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;

const requestOf = (type: string, id: string, body: Body): Request | undefined => {
  const { gate, from, to, coins } = body;
  if (type === "coin" && isGate(gate) && isCount(coins)) return { type, id, gate, coins };
  if (type === "push" && isGate(gate)) return { type, gate };
  if (type === "move" && isGate(from) && isGate(to) && from !== to && isCount(coins))
    return { type, from, to, coins };
  if (type === "return") return { type, id };
  if ((type === "shut" || type === "open") && isGate(gate)) return { type, gate };
  return undefined;
};

const parse = ({ key, bytes }: { key: string; bytes: Uint8Array | undefined }): Parsed<Request> => {
  const [, type, id] = KEY.exec(key) ?? [];
  if (type === undefined || id === undefined)
    return { valid: false, code: "NO_TURN", facts: {}, streams: [] };
  const registers = type === "coin" ? { flow: "coin", id } : undefined;
  try {
    const body = JSON.parse(new TextDecoder().decode(bytes)) as Body;
    const request = requestOf(type, id, body);
    const streams = [body.gate, body.from, body.to].filter(isGate);
    if (request === undefined) return { valid: false, code: "BAD_TURN", facts: {}, streams, registers };
    const original = type === "return" ? { flow: "coin", id } : undefined;
    const timestamp = isCount(body.at) ? body.at : 0;
    return { valid: true, request, streams, registers, original, timestamp };
  } catch {
    return { valid: false, code: "NOT_JSON", facts: {}, streams: [], registers };
  }
};

const refused = (code: string): Verdict<Turn> => ({ outcome: "refused", code, facts: {} });
const accepted = (legs: readonly { stream: string; change: Turn }[]): Verdict<Turn> => ({
  outcome: "accepted",
  legs,
  facts: {},
});

const decide = (
  request: Request,
  context: { states: ReadonlyMap<string, Gate>; original: Original | undefined; settings: Rules },
): Verdict<Turn> => {
  const at = (gate: string): Gate => context.states.get(gate) ?? turnstile.initialState();
  switch (request.type) {
    case "coin":
      return accepted([
        {
          stream: request.gate,
          change: { ...NOTHING, coins: request.coins, opened: [`${request.id}:${request.coins}`] },
        },
      ]);
    case "push":
      if (at(request.gate).coins < context.settings.price) return refused("LOCKED");
      return accepted([
        { stream: request.gate, change: { ...NOTHING, coins: -context.settings.price, pushes: 1 } },
      ]);
    case "move":
      if (at(request.from).coins < request.coins) return refused("LOCKED");
      return accepted([
        { stream: request.from, change: { ...NOTHING, coins: -request.coins } },
        { stream: request.to, change: { ...NOTHING, coins: request.coins } },
      ]);
    case "shut":
    case "open": {
      const shuts = request.type === "shut";
      if (at(request.gate).isShut === shuts) return refused(shuts ? "SHUT" : "OPEN");
      return accepted([{ stream: request.gate, change: { ...NOTHING, shuts } }]);
    }
    case "return": {
      const { original } = context;
      if (original === undefined) return { outcome: "deferred" };
      if (original.outcome === "refused") return refused("NO_COIN");
      const open = at(original.stream).returnable.find(entry => entry.startsWith(`${request.id}:`));
      if (open === undefined) return refused("RETURNED");
      const coins = Number(open.split(":")[1]);
      if (at(original.stream).coins < coins) return refused("SPENT");
      return accepted([{ stream: original.stream, change: { ...NOTHING, coins: -coins, closed: [open] } }]);
    }
  }
};

export const turnstile = {
  name: "turnstile",
  rules: "1",
  parse,
  streamsOf: (parsed, original) => [...parsed.streams, ...(original ? [original.stream] : [])],
  decide,
  initialState: () => ({ coins: 0, pushes: 0, returnable: [], isShut: false }),
  evolve: (gate, turn) => ({
    coins: gate.coins + turn.coins,
    pushes: gate.pushes + turn.pushes,
    returnable: [...gate.returnable.filter(entry => !turn.closed.includes(entry)), ...turn.opened],
    isShut: turn.shuts ?? gate.isShut,
  }),
  noChange: () => NOTHING,
  canonicalFields: turn => [
    String(turn.coins),
    String(turn.pushes),
    turn.opened.join(),
    turn.closed.join(),
    String(turn.shuts),
  ],
  postImage: gate => ({ coins: gate.coins, pushes: gate.pushes, isShut: gate.isShut }),
  isClosed: gate => gate.isShut,
  passesClosed: ({ type }) => type === "shut" || type === "open",
  refuseUnfound: () => ({ code: "NO_COIN_CAME", facts: {} }),
  isListed: gate => gate.coins > 0 || gate.pushes > 0,
} satisfies Domain<Request, Gate, Turn, Rules>;

const turn = rowKind(
  new Entity({
    model: { entity: "turn", version: "1", service: "daybook" },
    attributes: {
      gate: { type: "string", required: true },
      number: { type: "string", required: true },
      hash: { type: "string", required: true },
      key: { type: "string", required: true },
      coins: { type: "number", required: true },
    },
    indexes: {
      turn: {
        pk: { field: "PK", composite: ["gate"], template: "${gate}", casing: "none" },
        sk: { field: "SK", composite: ["number"], template: "TURN#${number}", casing: "none" },
      },
    },
  }),
);
const numberText = (sequence: number): string => String(sequence).padStart(12, "0");

export const turnstileRows = {
  headRows: () => [],
  legRows: (record, leg) => [
    {
      put: turn.item({
        gate: leg.stream,
        number: numberText(leg.sequence),
        hash: leg.hash,
        key: record.key,
        coins: leg.change.coins,
      }),
    },
  ],
  lineKey: (stream, sequence) => turn.key({ gate: stream, number: numberText(sequence) }),
  legOf: item =>
    item.__edb_e__ === turn.name
      ? { stream: item.PK, sequence: Number(item.number), key: String(item.key) }
      : undefined,
  passingName: () => undefined,
  passingNames: () => [],
} satisfies Projection<Gate, Turn>;

export const turnRow = turn;
export const TURNSTILE_NAMES = {
  headSortKey: "GATE",
  streamField: "GateNumber",
  streamIndex: "GateNumberIdx",
  dateField: "TurnDate",
  timeField: "TurnTime",
} as const;
