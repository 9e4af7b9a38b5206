import { auditDecisions } from "./audit.ts";
import type { BatchEnd, Broken } from "./batch-end.ts";
import type { Counts } from "./counts.ts";
import { runHistory } from "./run.ts";
import { tapeOfSeed } from "./tape.ts";

/** Runs the histories of some seeds, one after the other. */
export const runBatch = async (seeds: readonly number[]): Promise<BatchEnd> => {
  const [counts, matrix, audit]: [Counts, Counts, Counts] = [{}, {}, {}];
  const broken: Broken[] = [];
  const fingerprints: Record<number, string> = {};
  for (const seed of seeds) {
    const { violation, truth, requests, fingerprint } = await runHistory(tapeOfSeed(seed), counts, matrix);
    if (violation !== undefined) broken.push({ seed, ...violation });
    if (truth !== undefined) auditDecisions(audit, truth, requests);
    fingerprints[seed] = fingerprint;
  }
  return { histories: seeds.length, counts, matrix, audit, broken, fingerprints };
};
