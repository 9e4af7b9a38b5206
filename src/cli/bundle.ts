import { ObjectFrozen } from "../ports/object-store.ts";
import { type CopyCounts, releaseCopies } from "../replay/bundle/copies.ts";
import { findInBundle } from "../replay/bundle/find-in-bundle.ts";
import { type BundleOptions, type BundlingOutcome, bundleDay } from "../replay/bundle/make-bundle.ts";
import type { BundlePlace } from "../replay/bundle/place.ts";
import { bundleNames } from "../replay/bundle/read-bundle.ts";
import { type BundleVerdict, verifyBundle } from "../replay/bundle/verify-bundle.ts";
import { bundlePlace, coldText, orRefused } from "./bundle-place.ts";
import { bundleReport, showDifferences, showReport } from "./bundle-report.ts";
import { connect } from "./connect.ts";
import { type Output, Refused } from "./output.ts";
import { createProgressLine } from "./progress.ts";

type Where = { readonly isAws: boolean };

export type BundleCommandOptions = Where & {
  /** Tag the copies of the requests, so that they may expire. */
  readonly expireCopies: boolean;
  /** How many days after the day a decision may have been published. */
  readonly lateDays?: number | undefined;
};

const DAY_MS = 86_400_000;

/** Runs on the bundles of the cloud the command line means. */
const onBundles = async <T>({ isAws }: Where, work: (place: BundlePlace) => Promise<T>): Promise<T> => {
  const connection = await connect(isAws);
  try {
    return await orRefused(async () => work(await bundlePlace(connection)));
  } finally {
    connection.clients.close();
  }
};

type Bundled = Extract<BundlingOutcome, { outcome: "bundled" }>;

const bundled = async (place: BundlePlace, day: string, lateDays: number | undefined): Promise<Bundled> => {
  const line = createProgressLine();
  const options: BundleOptions = {
    ...(lateDays !== undefined && { publishedLateMs: lateDays * DAY_MS }),
    onProgress: records => line.show({ doing: "bundling", done: records, rows: records }),
  };
  try {
    const outcome = await bundleDay(place, day, options);
    if (outcome.outcome === "bundled") return outcome;
    throw new Refused(`${day} is not over: by the cloud's clock it ends at ${outcome.overAt}.`);
  } finally {
    line.close();
  }
};

const released = async (place: BundlePlace, verdicts: readonly BundleVerdict[]): Promise<CopyCounts> => {
  const sums = { tagged: 0, already: 0, absent: 0, kept: 0 };
  for (const verdict of verdicts) {
    const counts = await releaseCopies(place, verdict);
    for (const name of ["tagged", "already", "absent", "kept"] as const) sums[name] += counts[name];
  }
  return sums;
};

/**
 * `daybook bundle --day DAY`: puts the decisions of a day that is over into bundles, and compares every record with its
 * original before it says so. A day that is bundled is verified again, and what came late goes into a further bundle.
 *
 * Returns: the exit code; 1 if anything differs, in which case no copy is tagged. Throws: `Refused`.
 */
export const bundleCommand = (day: string, options: BundleCommandOptions, output: Output): Promise<number> =>
  onBundles(options, async place => {
    const { bundles, made } = await bundled(place, day, options.lateDays);
    const verdicts: BundleVerdict[] = [];
    for (const name of bundles) verdicts.push(await verifyBundle(place, name));
    const differing = verdicts.filter(({ differenceCount }) => differenceCount > 0);
    const copies =
      options.expireCopies && differing.length === 0 ? await released(place, verdicts) : undefined;
    const report = bundleReport(bundles, copies?.tagged ?? 0);
    if (output.isJson) output.json({ day, bundles, made, verdicts, copies, ...report });
    else {
      show(day, { outcome: "bundled", bundles, made }, output);
      for (const verdict of differing) showDifferences(verdict, output);
      if (bundles.length > 0 && differing.length === 0) showReport(report, output);
      if (copies !== undefined) output.data(copiesText(copies));
    }
    return differing.length === 0 ? 0 : 1;
  });

const show = (day: string, { bundles, made }: Bundled, output: Output): void => {
  if (bundles.length === 0) output.data(`Nothing was decided on ${day}: there is nothing to bundle.`);
  for (const { number, records } of bundles) {
    const when = made.includes(number) ? "made" : "was there already";
    output.data(`Bundle ${number} of ${day}, ${records} decisions: ${when}.`);
  }
};

const copiesText = ({ tagged, already, absent, kept }: CopyCounts): string =>
  `Copies that may expire now: ${tagged} tagged, ${already} tagged before; ${absent} are not there, ${kept} stay because the bundle does not hold their bytes.`;

/**
 * `daybook bundle verify`: compares bundles with themselves and with the decisions as they lie in S3 now.
 *
 * Returns: the exit code; 1 if anything differs, or is cold and could not be read.
 */
export const bundleVerifyCommand = (
  { day, originals, isAws }: Where & { readonly day?: string | undefined; readonly originals: boolean },
  output: Output,
): Promise<number> =>
  onBundles({ isAws }, async place => {
    const sums = { bundles: 0, records: 0, differences: 0, cold: 0 };
    for await (const name of bundleNames(place, day)) {
      sums.bundles += 1;
      const verdict = await verdictOrCold(place, name, originals);
      if (verdict instanceof ObjectFrozen) {
        sums.cold += 1;
        if (output.isJson) output.json({ ...name, cold: verdict.address.key });
        else output.data(coldText(verdict));
        continue;
      }
      sums.records += verdict.records;
      sums.differences += verdict.differenceCount;
      if (output.isJson) output.json(verdict);
      else if (verdict.differenceCount > 0) showDifferences(verdict, output);
      else
        output.data(
          `Bundle ${verdict.number} of ${verdict.day}: ${verdict.records} decisions, as they were made.`,
        );
    }
    if (day !== undefined && sums.bundles === 0) throw new Refused(`There is no bundle of ${day}.`);
    if (output.isJson) output.json({ type: "summary", ...sums });
    else if (sums.bundles === 0) output.talk("There are no bundles.");
    return sums.differences + sums.cold === 0 ? 0 : 1;
  });

const verdictOrCold = async (
  place: BundlePlace,
  name: { readonly day: string; readonly number: number },
  originals: boolean,
): Promise<BundleVerdict | ObjectFrozen> => {
  try {
    return await verifyBundle(place, name, { originals });
  } catch (error) {
    if (error instanceof ObjectFrozen) return error;
    throw error;
  }
};

/** `daybook bundle get KEY --day DAY`: prints the decision over one request as it was published. Throws: `Refused`. */
export const bundleGetCommand = (
  requestKey: string,
  { day, isAws }: Where & { readonly day: string },
  output: Output,
): Promise<number> =>
  onBundles({ isAws }, async place => {
    const { decisions, requests } = await findInBundle(place, day, requestKey);
    if (decisions.length === 0) throw new Refused(`No bundle of ${day} holds a decision over ${requestKey}.`);
    if (output.isJson)
      output.json({
        day,
        requests,
        decisions: decisions.map(({ key, text }) => ({ key, record: JSON.parse(text) })),
      });
    else {
      for (const { text } of decisions) output.data(text);
      output.talk(`Read with ${requests} requests to S3.`);
    }
    return 0;
  });
