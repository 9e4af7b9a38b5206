import { createHash } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import type { ListedObject } from "../ports/object-store.ts";
import type { Random } from "../ports/random.ts";
import type { Item, Key, Store } from "../table/store.ts";
import { bridgeEntities } from "./entities.ts";
import type { Trigger } from "./group.ts";

/** `begun`: it is ours now. `done`: it was worked on before. `busy`: somebody else is at it. */
export type Claim =
  | { readonly outcome: "begun"; readonly token: string }
  | { readonly outcome: "done" }
  | { readonly outcome: "busy" };

/**
 * What was done, so that it is not done again: a duplicate or stale event, and with RUN_ONCE a set of inputs.
 *
 * A claim is a lease with a token. Who lost it (because it ran out and somebody else began) is told so by `confirm`,
 * and uploads nothing.
 */
export interface Records {
  claimTrigger(trigger: Trigger, leaseMs: number): Promise<Claim>;
  /** Keeps a claim for `leaseMs` more; nothing happens if it was lost. */
  renewTrigger(trigger: Trigger, token: string, leaseMs: number): Promise<void>;
  /** The event was worked on; nothing happens if the claim was lost. */
  finishTrigger(trigger: Trigger, token: string): Promise<void>;
  /** Gives a claim up, so that the next one need not wait for its end. */
  releaseTrigger(trigger: Trigger, token: string): Promise<void>;
  claimRun(inputs: RunInputs, leaseMs: number): Promise<Claim>;
  /** Whether the claim still is ours; if so, for `leaseMs` more. */
  confirmRun(inputs: RunInputs, token: string, leaseMs: number): Promise<boolean>;
  finishRun(inputs: RunInputs, token: string): Promise<void>;
  releaseRun(inputs: RunInputs, token: string): Promise<void>;
}

export type RunInputs = { readonly bucket: string; readonly prefix: string; readonly digest: string };

/** Which objects, in which versions, the handler is given. Two sets of the same objects have the same digest. */
export const inputsOf = (
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  objects: readonly ListedObject[],
): RunInputs => {
  const seen = objects.map(({ key, eTag, sizeBytes }) => [key, eTag, sizeBytes]).sort(byKey);
  return { bucket, prefix, digest: sha256(JSON.stringify([bucket, prefix, seen])) };
};

const byKey = ([a]: readonly unknown[], [b]: readonly unknown[]): number => (String(a) < String(b) ? -1 : 1);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Others that write the same row at once each get their turn; more than these means that something is wrong. */
const TRIES_MAX = 10;
const TRY_AGAIN_MS = 20;
/** S3 tells of an event again within hours, SQS within fourteen days. */
const KEPT_SECONDS = 90 * 86_400;
const TOKEN_DIGITS = 16;
const NOBODY = "";

/** The part of the table that records need. */
export type Rows = Pick<Store, "get" | "write">;
type Stored = { readonly token: string; readonly untilMs: number; readonly revision: number };

/** Records in rows, of which each is written on condition that it is what was read. */
export const recordsIn = (
  rows: Rows,
  { bridge, clock, random }: { readonly bridge: string; readonly clock: Clock; readonly random: Random },
): Records => {
  const { bridgeSeen, bridgeRun } = bridgeEntities;
  const newToken = (): string =>
    Array.from({ length: TOKEN_DIGITS }, () => Math.floor(random.next() * 16).toString(16)).join("");
  const expiresAt = (): number => Math.floor(clock.now() / 1000) + KEPT_SECONDS;
  const isBusy = (row: Stored | undefined): boolean =>
    row !== undefined && row.token !== NOBODY && row.untilMs > clock.now();

  /** Reads, decides, writes; anew if another one wrote meanwhile. `change` answers the item to write, or the end. */
  const change = async <R extends Stored, T>(
    key: Key,
    read: (item: Item) => R,
    decide: (row: R | undefined) => { readonly item: Item; readonly answer: T } | { readonly end: T },
  ): Promise<T> => {
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const [item] = await rows.get([key]);
      const row = item && read(item);
      const decided = decide(row);
      if ("end" in decided) return decided.end;
      const condition =
        row === undefined ? { absent: true as const } : { equals: { revision: row.revision } };
      const { outcome } = await rows.write({ put: decided.item, if: condition });
      if (outcome === "committed") return decided.answer;
      await clock.sleep(TRY_AGAIN_MS * tries);
    }
    throw new Error(`The record ${key.PK} could not be written ${TRIES_MAX} times`);
  };

  const seenKey = ({ bucket, key }: Trigger): Key =>
    bridgeSeen.key({ bridge, object: sha256(JSON.stringify([bucket, key])) });
  const changeSeen = <T>(trigger: Trigger, decide: Parameters<typeof change<Seen, T>>[2]): Promise<T> =>
    change(seenKey(trigger), bridgeSeen.read, decide);
  type Seen = ReturnType<typeof bridgeSeen.read>;
  const seenItem = (trigger: Trigger, row: Seen | undefined, next: Partial<Seen>): Item =>
    bridgeSeen.item({
      bridge,
      object: sha256(JSON.stringify([trigger.bucket, trigger.key])),
      bucket: trigger.bucket,
      key: trigger.key,
      sequencer: row?.sequencer ?? "",
      identity: row?.identity ?? "",
      token: NOBODY,
      untilMs: 0,
      ...next,
      revision: (row?.revision ?? 0) + 1,
      expiresAt: expiresAt(),
    });

  const runKey = ({ digest }: RunInputs): Key => bridgeRun.key({ bridge, inputs: digest });
  type Run = ReturnType<typeof bridgeRun.read>;
  const changeRun = <T>(inputs: RunInputs, decide: Parameters<typeof change<Run, T>>[2]): Promise<T> =>
    change(runKey(inputs), bridgeRun.read, decide);
  const runItem = (
    { bucket, prefix, digest }: RunInputs,
    row: Run | undefined,
    next: Pick<Run, "state" | "token" | "untilMs">,
  ): Item =>
    bridgeRun.item({
      bridge,
      inputs: digest,
      bucket,
      prefix,
      ...next,
      revision: (row?.revision ?? 0) + 1,
      expiresAt: expiresAt(),
    });

  return {
    claimTrigger: (trigger, leaseMs) => {
      const begun = { outcome: "begun", token: newToken() } as const;
      return changeSeen<Claim>(trigger, row => {
        // A write whose answer was lost.
        if (row?.token === begun.token) return { end: begun };
        if (row !== undefined && isDone(row, trigger)) return { end: { outcome: "done" } };
        if (isBusy(row)) return { end: { outcome: "busy" } };
        const next = { token: begun.token, untilMs: clock.now() + leaseMs };
        return { item: seenItem(trigger, row, next), answer: begun };
      });
    },
    renewTrigger: (trigger, token, leaseMs) =>
      changeSeen<void>(trigger, row => {
        if (row?.token !== token) return { end: undefined };
        const untilMs = clock.now() + leaseMs;
        return { item: seenItem(trigger, row, { token, untilMs }), answer: undefined };
      }),
    finishTrigger: (trigger, token) =>
      changeSeen<void>(trigger, row => {
        if (row?.token !== token) return { end: undefined };
        const { sequencer = "" } = trigger;
        return {
          item: seenItem(trigger, row, { sequencer, identity: identityOf(trigger) }),
          answer: undefined,
        };
      }),
    releaseTrigger: (trigger, token) =>
      changeSeen<void>(trigger, row =>
        row?.token === token ? { item: seenItem(trigger, row, {}), answer: undefined } : { end: undefined },
      ),
    claimRun: (inputs, leaseMs) => {
      const begun = { outcome: "begun", token: newToken() } as const;
      return changeRun<Claim>(inputs, row => {
        if (row?.token === begun.token) return { end: begun };
        if (row?.state === "done") return { end: { outcome: "done" } };
        if (isBusy(row)) return { end: { outcome: "busy" } };
        const next = { state: "running", token: begun.token, untilMs: clock.now() + leaseMs } as const;
        return { item: runItem(inputs, row, next), answer: begun };
      });
    },
    confirmRun: (inputs, token, leaseMs) =>
      changeRun<boolean>(inputs, row => {
        if (row?.token !== token || row.state === "done") return { end: false };
        const untilMs = clock.now() + leaseMs;
        return { item: runItem(inputs, row, { state: "running", token, untilMs }), answer: true };
      }),
    finishRun: (inputs, token) =>
      changeRun<void>(inputs, row => {
        if (row?.token !== token) return { end: undefined };
        return { item: runItem(inputs, row, { state: "done", token, untilMs: 0 }), answer: undefined };
      }),
    releaseRun: (inputs, token) =>
      changeRun<void>(inputs, row => {
        if (row?.token !== token || row.state === "done") return { end: undefined };
        const next = { state: "running", token: NOBODY, untilMs: 0 } as const;
        return { item: runItem(inputs, row, next), answer: undefined };
      }),
  };
};

const identityOf = ({ versionId = "", eTag = "" }: Trigger): string =>
  versionId === "" && eTag === "" ? "" : `${versionId} ${eTag}`;

/** Sequencers of one key compare as text; without them, only the very same version is known again. */
const isDone = (
  row: { readonly sequencer: string; readonly identity: string },
  trigger: Trigger,
): boolean => {
  if (trigger.sequencer !== undefined && row.sequencer !== "") return trigger.sequencer <= row.sequencer;
  const identity = identityOf(trigger);
  return trigger.sequencer === undefined && identity !== "" && identity === row.identity;
};
