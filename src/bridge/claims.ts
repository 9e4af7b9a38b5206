import type { Group, Trigger } from "./group.ts";
import type { Outcome } from "./group-outcome.ts";
import { keepUp } from "./keep-up.ts";
import { mapAll } from "./map-all.ts";
import type { Bridge } from "./ports.ts";
import type { Claim } from "./records.ts";

/** Claims are single writes; so many at once take a batch of Lambda's in a few round trips. */
const CLAIMS_AT_ONCE = 16;

export type Claimed = { readonly trigger: Trigger; readonly claim: Claim };

/**
 * How long a claim holds against others if its owner dies: a message must not run out of receives meanwhile, of which it
 * has five in five minutes or so. Who lives renews it.
 */
export const LEASE_MS = 60_000;
/** Three chances before it runs out. */
const RENEW_MS = 20_000;

/** Renews claims until the answer is called. */
export const keepClaims = ({ time, log }: Bridge, renew: () => Promise<unknown>): (() => Promise<void>) =>
  keepUp(time, RENEW_MS, async () => {
    try {
      await renew();
    } catch (error) {
      // Then somebody else may begin too; before anything is stored RUN_ONCE looks whether that is so.
      log.warn("A claim could not be renewed", { reason: String(error) });
    }
  });

/** Renews the claims of a group's events. */
export const renewAll = async ({ records }: Bridge, begun: readonly Claimed[]): Promise<void> => {
  await mapAll(begun, CLAIMS_AT_ONCE, async ({ trigger, claim }) => {
    if (claim.outcome === "begun") await records.renewTrigger(trigger, claim.token, LEASE_MS);
  });
};

/** One claim per key, for its latest event: the others of the batch are older news of the same object. */
export const claimAll = async ({ records }: Bridge, { triggers }: Group): Promise<readonly Claimed[]> =>
  await mapAll(latestOf(triggers), CLAIMS_AT_ONCE, async trigger => ({
    trigger,
    claim: await records.claimTrigger(trigger, LEASE_MS),
  }));

const latestOf = (triggers: readonly Trigger[]): readonly Trigger[] => {
  const latest = new Map<string, Trigger>();
  for (const trigger of triggers) {
    const known = latest.get(trigger.key);
    if (known === undefined || (trigger.sequencer ?? "") >= (known.sequencer ?? ""))
      latest.set(trigger.key, trigger);
  }
  return [...latest.values()];
};

/** A group with only those of its events that are ours now. */
export const withOnly = (group: Group, begun: readonly Claimed[]): Group => {
  const keys = new Set(begun.map(({ trigger }) => trigger.key));
  return { ...group, triggers: group.triggers.filter(({ key }) => keys.has(key)) };
};

/** Writes down that events were worked on, or lets go of them. */
export const settle = async (
  { records }: Bridge,
  begun: readonly Claimed[],
  outcome: Outcome,
): Promise<void> => {
  await mapAll(begun, CLAIMS_AT_ONCE, async ({ trigger, claim }) => {
    if (claim.outcome !== "begun") return;
    if (outcome.outcome === "failed") await records.releaseTrigger(trigger, claim.token);
    else await records.finishTrigger(trigger, claim.token);
  });
};
