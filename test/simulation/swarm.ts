import type { Tape } from "./tape.ts";

/** Classes of faults, numbered as in the fault model that the design names. */
export const FAULTS = {
  F1: "a notification arrives twice",
  F2: "a message is handed out again though it was acknowledged",
  F3: "messages are late or out of order",
  F4: "a notification is lost",
  F5: "a function dies before or after a call",
  F6: "a function stalls, its call or the answer comes much later",
  F7: "a call is throttled",
  F8: "a write happens and its answer is lost, or a retry meets it",
  F9: "transactions conflict",
  F10: "a batch fails as a whole, or an acknowledgement is lost",
  F11: "a request is malformed, unknown, reused or stored twice",
  F12: "the table is lost and restored",
  F13: "the restore is torn",
  F14: "listings come in small pages with writers in between",
  F15: "reconcile looks at an old picture",
  F16: "an operator's run dies, or runs twice at once",
  F17: "clocks differ between functions",
  F18: "two versions of the settings are live",
  F19: "dead letters are driven back",
  F20: "a request is deleted by hand",
} as const;
export type FaultClass = keyof typeof FAULTS;

/** How often each fault strikes in one history; 0 where the swarm left it out. Per call unless it says otherwise. */
export type Swarm = {
  readonly duplicate: number;
  readonly ghost: number;
  readonly shuffle: boolean;
  readonly delayMaxMs: number;
  readonly lose: number;
  readonly kill: number;
  readonly stall: number;
  readonly throttle: number;
  readonly ambiguous: number;
  readonly conflict: number;
  readonly lostAck: number;
  readonly poison: number;
  readonly restores: number;
  readonly torn: boolean;
  readonly smallPages: boolean;
  readonly oldPicture: boolean;
  readonly killOperator: number;
  readonly skewMaxMs: number;
  readonly newSettings: boolean;
  readonly redrive: boolean;
  readonly deletions: number;
};

/** A class is left out of a quarter of the histories. */
const LEFT_OUT = 0.25;

/** Draws which faults a history has, and how often. A tape of zeros has none. */
export const drawSwarm = (tape: Tape): Swarm => {
  const rate = (max: number): number => {
    const share = tape.below(256);
    return share < 256 * LEFT_OUT ? 0 : (max * (share + 1)) / 256;
  };
  const isOn = (): boolean => tape.below(256) >= 256 * LEFT_OUT;
  return {
    duplicate: rate(0.2),
    ghost: rate(0.1),
    shuffle: isOn(),
    delayMaxMs: Math.floor(rate(2_500)),
    lose: rate(0.15),
    kill: rate(0.026),
    stall: rate(0.06),
    throttle: rate(0.095),
    ambiguous: rate(0.095),
    conflict: rate(0.11),
    lostAck: rate(0.11),
    poison: rate(0.25),
    restores: tape.below(16),
    torn: isOn(),
    smallPages: isOn(),
    oldPicture: isOn(),
    killOperator: rate(0.012),
    skewMaxMs: Math.floor(rate(2_000)),
    newSettings: isOn(),
    redrive: isOn(),
    deletions: rate(0.12),
  };
};
