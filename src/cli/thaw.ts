import { systemClock } from "../local/system-clock.ts";
import { BUNDLE_PREFIX } from "../ports/bundle-storage.ts";
import { isThawed, type ThawCounts, type ThawRequest, thaw, thawAndWait } from "../replay/thaw/thaw.ts";
import { connect } from "./connect.ts";
import type { Output } from "./output.ts";
import { createProgressLine } from "./progress.ts";

export type ThawCommandOptions = ThawRequest & {
  /** Bundles of these days, `YYYY-MM-DD`. */
  readonly bundleDays: readonly string[];
  /** Whatever lies under it. Without days and prefix: every bundle. */
  readonly prefix?: string | undefined;
  /** Stay until all is readable. */
  readonly isWaiting: boolean;
  readonly isAws: boolean;
};

/**
 * `daybook thaw`: asks for readable copies of what is cold in the archive bucket, once each, and says how many are
 * readable, on their way, asked for now, and not cold at all.
 *
 * Returns: the exit code. Waiting, 1 if some are not readable after three days; else 0.
 */
export const thawCommand = async (options: ThawCommandOptions, output: Output): Promise<number> => {
  const { app, clients } = await connect(options.isAws);
  const { objects } = app.ledger;
  const selection = { bucket: app.config.buckets.archive, prefixes: prefixesOf(options) };
  const line = createProgressLine();
  try {
    const counts = options.isWaiting
      ? await thawAndWait({ objects, clock: systemClock }, selection, options, soFar =>
          line.show({ doing: "thawing", done: soFar.readable, total: coldOf(soFar), rows: soFar.readable }),
        )
      : await thaw(objects, selection, options);
    line.close();
    show(counts, output);
    return options.isWaiting && !isThawed(counts) ? 1 : 0;
  } finally {
    line.close();
    clients.close();
  }
};

const prefixesOf = ({ bundleDays, prefix }: ThawCommandOptions): readonly string[] => {
  const prefixes = bundleDays.map(day => `${BUNDLE_PREFIX}${day}/`);
  if (prefix !== undefined) prefixes.push(prefix);
  return prefixes.length === 0 ? [BUNDLE_PREFIX] : prefixes;
};

const coldOf = ({ readable, restoring, asked }: ThawCounts): number => readable + restoring + asked;

const show = (counts: ThawCounts, output: Output): void => {
  if (output.isJson) {
    output.json(counts);
    return;
  }
  const { readable, restoring, asked, notCold } = counts;
  output.data(
    `${readable} readable, ${restoring} on their way, ${asked} asked for now; ${notCold} were never cold.`,
  );
  if (!isThawed(counts)) output.talk('Run the same command again to see how far they are, or add "--wait".');
};
