import { execFileSync } from "node:child_process";
import { FEASIBLE } from "./audit.ts";
import type { BatchEnd } from "./batch-end.ts";
import type { Told } from "./failure.ts";
import { belowFloor, CELLS, emptyCells, faultsIn, STEPS } from "./floors.ts";
import { isInterrupted } from "./interrupt.ts";
import { INVARIANTS } from "./invariants.ts";
import type { Options } from "./options.ts";
import { FAULTS } from "./swarm.ts";
import { tapeText } from "./tape.ts";

const SHOWN_MAX = 10;
/** As much of a tape as goes on one line. */
const LINE = /.{1,120}/g;

const git = (...args: readonly string[]): string | undefined => {
  try {
    return execFileSync("git", args, {
      cwd: import.meta.dirname,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
};

const commit = (): string => git("rev-parse", "HEAD") ?? "unknown";
/** Files that are not tracked do not count: a tape that was kept changes nothing. */
const hasChanges = (): boolean => (git("status", "--porcelain", "--untracked-files=no") ?? "") !== "";

/** Of a whole tier: what it did not reach. Empty cells count in the long one only. */
export const summaryFaults = (end: BatchEnd, { tier }: Pick<Options, "tier">): readonly string[] => {
  if (tier === undefined || isInterrupted()) return [];
  const low = belowFloor(end.counts, end.histories).map(text => `below its floor: ${text}`);
  if (tier === "t0") return low;
  const cells = emptyCells(end.matrix).map(cell => `nothing struck at: ${cell}`);
  const kinds = FEASIBLE.filter(cell => (end.audit[cell] ?? 0) === 0).map(cell => `never happened: ${cell}`);
  return [...low, ...cells, ...kinds];
};

const head = ({ mutant }: Options) => ({
  commit: commit(),
  hasChanges: hasChanges(),
  mutant,
  isInterrupted: isInterrupted(),
});

/** What is kept of a failure that was shrunk. */
const tapeAndLast = ({ bytes, end }: Told) => ({ tape: tapeText(bytes), last: end.last });

export const jsonOf = (end: BatchEnd, options: Options, seconds: number, told: Told | undefined): string =>
  `${JSON.stringify({
    ...head(options),
    seed: options.seed,
    seconds: Math.round(seconds * 10) / 10,
    faults: faultsIn(end.counts),
    ...end,
    notReached: summaryFaults(end, options),
    ...(told === undefined ? {} : tapeAndLast(told)),
  })}\n`;

/** What came of one history by its tape. The violation is null if every promise held. */
export const tapeJson = (told: Told, options: Options): string =>
  `${JSON.stringify({
    ...head(options),
    fingerprint: told.end.fingerprint,
    calls: told.end.steps,
    violation: told.end.violation ?? null,
    ...(told.isShrunk ? tapeAndLast(told) : {}),
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

export const historiesIn = (count: number): string => (count === 1 ? "1 history" : `${count} histories`);

const closingLine = ({ histories, broken }: BatchEnd, options: Options): string => {
  const asked = isInterrupted()
    ? `Interrupted after ${histories} of ${historiesIn(options.histories)}. `
    : "";
  if (broken.length > 0) return `${asked}${historiesIn(broken.length)} broke a promise.`;
  if (asked !== "") return histories === 0 ? asked.trim() : `${asked}Every promise held so far.`;
  return options.mutant === undefined
    ? "Every promise held."
    : `Every promise held: ${options.mutant} was not found out.`;
};

export const summaryText = (end: BatchEnd, options: Options, seconds: number): string => {
  const { histories, counts, matrix, broken } = end;
  const faults = Object.entries(FAULTS).map(
    ([name, means]) => [`${name} ${means}`, counts[name] ?? 0] as const,
  );
  const steps = STEPS.map(step => [step, ...CELLS.map(cell => matrix[`${step}: ${cell}`] ?? 0)] as const);
  const lacks = summaryFaults(end, options);
  return [
    `${historiesIn(histories)} from seed ${options.seed} in ${seconds.toFixed(1)} s (${(histories / seconds).toFixed(0)} a second)`,
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
    closingLine(end, options),
    "",
  ].join("\n");
};

/** Everything about one failure: enough to see it again. */
export const failureText = ({ end, bytes, seed, isShrunk }: Told, { mutant, tape }: Options): string => {
  const from = seed === undefined ? "" : `, shrunk from that of seed ${seed}`;
  const byTape = `--tape ${isShrunk ? "FILE" : tape}`;
  const isByTape = isShrunk || seed === undefined;
  const again = isByTape ? byTape : `--seed ${seed}`;
  const text = tapeText(bytes);
  return [
    "",
    ...end.last,
    "",
    `commit      ${commit()}${hasChanges() ? " with changes" : ""}`,
    `seed        ${isByTape ? `none: from a tape${from}` : seed}`,
    `calls       ${end.steps}, fingerprint ${end.fingerprint}`,
    `invariant   ${end.violation === undefined ? "" : `${end.violation.invariant}: ${INVARIANTS[end.violation.invariant]}`}`,
    `seen        ${end.violation?.what}`,
    `again       npm run simulate -- ${again}${mutant === undefined ? "" : ` --mutant ${mutant}`}`,
    text === ""
      ? "tape        empty, every choice is the tame one: for --tape FILE, an empty file"
      : `tape        ${Buffer.from(text, "base64").length} bytes; for --tape FILE:`,
    ...(text.match(LINE) ?? []),
    "",
  ].join("\n");
};
