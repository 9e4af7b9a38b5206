import { createProgressLine } from "../../../src/cli/progress.ts";
import { endOrSoFarAtOnce, INTERRUPTED, isInterrupted } from "../interrupt.ts";
import { historiesIn } from "../report.ts";
import { type ConformanceEnd, conformInProcesses } from "./workers.ts";

/** The first history where none is given. */
const FIRST_SEED = 5_000_000;
const SHOWN_MAX = 10;

type Asked = {
  readonly histories: number;
  readonly seed: number | undefined;
  readonly processes: number;
  readonly isJson: boolean;
};

/** `npm run simulate -- --conformance N`. Returns: the exit code, 1 if anything differed. */
export const tellConformance = async ({ histories, seed, processes, isJson }: Asked): Promise<number> => {
  const first = seed ?? FIRST_SEED;
  const seeds = Array.from({ length: histories }, (_, i) => first + i);
  const beganMs = performance.now();
  const line = createProgressLine();
  let end: ConformanceEnd = { histories: 0, calls: 0, kinds: {}, differing: [] };
  const onProgress = (so: ConformanceEnd): void => {
    end = so;
    line.show({
      ...{ doing: "histories", done: so.histories, total: histories, rows: so.calls },
      note: `${so.differing.length} differ`,
    });
  };
  const work = conformInProcesses({ seeds, processes: Math.min(processes, histories), onProgress });
  try {
    end = await endOrSoFarAtOnce(work, () => end);
  } finally {
    line.close();
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  process.stdout.write(
    isJson
      ? `${JSON.stringify({ seed: first, seconds, isInterrupted: isInterrupted(), ...end })}\n`
      : textOf(end, first, seconds),
  );
  if (isInterrupted()) return INTERRUPTED;
  return end.differing.length === 0 ? 0 : 1;
};

const textOf = (
  { histories, calls, kinds, differing }: ConformanceEnd,
  first: number,
  seconds: number,
): string =>
  [
    `${isInterrupted() ? "Interrupted: " : ""}${historiesIn(histories)} from seed ${first} in ${seconds.toFixed(1)} s: ${calls} calls of DynamoDB Local, S3, SQS and SNS`,
    "",
    ...Object.entries(kinds)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, times]) => `${String(times).padStart(8)}  ${kind}`),
    "",
    ...differing
      .slice(0, SHOWN_MAX)
      .flatMap(({ seed, differences }) =>
        differences.slice(0, 1).map(({ at, call, what }) => `seed ${seed}, call ${at}: ${call}\n  ${what}`),
      ),
    differing.length === 0
      ? "Every answer was the models'."
      : `${historiesIn(differing.length)} got other answers.`,
    "",
  ].join("\n");
