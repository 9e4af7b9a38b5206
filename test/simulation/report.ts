import { execFileSync } from "node:child_process";
import { FEASIBLE } from "./audit.ts";
import type { BatchEnd } from "./batch-end.ts";
import { belowFloor, CELLS, emptyCells, faultsIn, STEPS } from "./floors.ts";
import { INVARIANTS } from "./invariants.ts";
import type { Options } from "./options.ts";
import type { HistoryEnd } from "./run.ts";
import { FAULTS } from "./swarm.ts";
import { tapeText } from "./tape.ts";

const SHOWN_MAX = 10;

const commit = (): string => {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
};

/** Of a whole tier: what it did not reach. Empty cells count in the long one only. */
export const summaryFaults = (end: BatchEnd, { tier }: Pick<Options, "tier">): readonly string[] => {
  if (tier === undefined) return [];
  const low = belowFloor(end.counts, end.histories).map(text => `below its floor: ${text}`);
  if (tier === "t0") return low;
  const cells = emptyCells(end.matrix).map(cell => `nothing struck at: ${cell}`);
  const kinds = FEASIBLE.filter(cell => (end.audit[cell] ?? 0) === 0).map(cell => `never happened: ${cell}`);
  return [...low, ...cells, ...kinds];
};

export const jsonOf = (end: BatchEnd, options: Options, seconds: number): string =>
  `${JSON.stringify({
    ...{
      commit: commit(),
      seed: options.seed,
      mutant: options.mutant,
      seconds: Math.round(seconds * 10) / 10,
    },
    faults: faultsIn(end.counts),
    ...end,
    notReached: summaryFaults(end, options),
  })}\n`;

const table = (rows: readonly (readonly (string | number)[])[]): string => {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map(row => String(row[i]).length))) ?? [];
  return rows
    .map(row =>
      row
        .map((cell, i) =>
          i === 0 ? String(cell).padEnd(widths[i] ?? 0) : String(cell).padStart(widths[i] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
};

export const summaryText = (end: BatchEnd, options: Options, seconds: number): string => {
  const { histories, counts, matrix, broken } = end;
  const faults = Object.entries(FAULTS).map(
    ([name, means]) => [`${name} ${means}`, counts[name] ?? 0] as const,
  );
  const steps = STEPS.map(step => [step, ...CELLS.map(cell => matrix[`${step}: ${cell}`] ?? 0)] as const);
  const lacks = summaryFaults(end, options);
  return [
    `${histories} histories from seed ${options.seed} in ${seconds.toFixed(1)} s (${(histories / seconds).toFixed(0)} a second)`,
    `${faultsIn(counts)} faults, ${counts.F12 ?? 0} restores, ${counts.F13 ?? 0} of them torn`,
    "",
    table(faults),
    "",
    table([["died or got no answer at", ...CELLS], ...steps]),
    "",
    ...lacks.slice(0, SHOWN_MAX),
    ...(lacks.length > SHOWN_MAX ? [`and ${lacks.length - SHOWN_MAX} more`] : []),
    ...broken
      .slice(0, SHOWN_MAX)
      .map(({ seed, invariant, what }) => `seed ${seed} breaks ${invariant}: ${what}`),
    broken.length === 0 ? "Every promise held." : `${broken.length} histories broke a promise.`,
    "",
  ].join("\n");
};

/** Everything about one failure: enough to see it again. */
export const failureText = (end: HistoryEnd, bytes: Uint8Array, seed: number | undefined): string =>
  [
    "",
    ...end.last,
    "",
    `commit      ${commit()}`,
    `seed        ${seed ?? "none: from a tape"}`,
    `calls       ${end.steps}, fingerprint ${end.fingerprint}`,
    `invariant   ${end.violation === undefined ? "" : `${end.violation.invariant}: ${INVARIANTS[end.violation.invariant]}`}`,
    `seen        ${end.violation?.what}`,
    `tape        ${bytes.length} bytes; for --tape FILE:`,
    tapeText(bytes),
    "",
  ].join("\n");
