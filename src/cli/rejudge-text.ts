import { printCents } from "../domain/money.ts";
import type { Gains, Outcome } from "../replay/rejudge/diff.ts";
import type { RejudgeProposal } from "../replay/rejudge/rejudge.ts";
import type { Told } from "../replay/rejudge/told.ts";
import type { Output } from "./output.ts";

/** Changed decisions, accounts and copies shown to people; `--json` has all. */
export const SHOWN_MAX = 50;

type ToldByName = ReadonlyMap<string, readonly Told[]>;

/** A difference and who was told of what it changes, as JSON. */
export const documentOf = ({ diff, digest }: RejudgeProposal, told: ToldByName) => {
  const changed = diff.changed.map(each => ({ ...each, told: told.get(each.name) ?? [] }));
  return { digest, ...diff, changed };
};

/** The same for people. */
export const showProposal = ({ diff, digest }: RejudgeProposal, told: ToldByName, output: Output): void => {
  const { epoch, rules, changed, streams, totals } = diff;
  output.data(`Judged anew: ${totals.judged} decisions of epoch ${epoch}, by the rules ${rules}.`);
  output.data(`  as they were            ${totals.kept}`);
  output.data(`  the same, written again ${totals.moved}`);
  output.data(`  otherwise               ${totals.changed}${waysText(totals.ways)}`);
  if (changed.length === 0) {
    output.talk("Nothing was changed, and nothing would be.");
    return;
  }
  for (const { key, name, was, now, gains } of changed.slice(0, SHOWN_MAX)) {
    output.data(key);
    output.data(`  was  ${outcomeText(was)}; ${(told.get(name) ?? []).join(", ")}`);
    output.data(`  now  ${outcomeText(now)}`);
    for (const [account, gained] of Object.entries(gains)) output.data(`  ${account}  ${gainsText(gained)}`);
  }
  tellMore(changed.length, output);
  output.data("Accounts that end otherwise:");
  for (const { stream, was, now } of streams.slice(0, SHOWN_MAX))
    output.data(`  ${stream}  ${balancesText(was)}; now ${balancesText(now)}`);
  tellMore(streams.length, output);
  output.data(`In sum ${gainsText(totals.gains)}`);
  const announced = changed.filter(({ name }) => told.get(name)?.includes("announced")).length;
  if (announced > 0)
    output.data(`${announced} of them were announced: what another bank was told of stays told.`);
  output.data(`Digest ${digest}`);
  output.talk(`Nothing was changed. To apply this: daybook replay --rejudge --apply ${digest}`);
};

/** Says how many are not shown. */
export const tellMore = (count: number, output: Output): void => {
  if (count > SHOWN_MAX) output.data(`  and ${count - SHOWN_MAX} more: --json lists all`);
};

const waysText = (ways: Readonly<Record<string, number>>): string => {
  const texts = Object.entries(ways).map(([way, count]) => `${count} ${way}`);
  return texts.length === 0 ? "" : `: ${texts.join(", ")}`;
};

const outcomeText = ({ outcome, code, legs }: Outcome): string => {
  const places = legs.map(({ stream, sequence }) => `${stream} at ${sequence}`).join(", ");
  return `${outcome}${code === undefined ? "" : ` ${code}`}, ${places}`;
};

const NAMES: Readonly<Record<string, string>> = { actualCents: "ACTUAL", availableCents: "AVAILABLE" };

const gainsText = (gains: Gains): string => {
  const texts = Object.entries(gains).map(([name, n]) => {
    const text = name in NAMES ? printCents(n) : String(n);
    return `${NAMES[name] ?? name} ${n > 0 ? "+" : ""}${text}`;
  });
  return texts.length === 0 ? "no change" : texts.join(", ");
};

const balancesText = (image: Readonly<Record<string, unknown>>): string => {
  const { actualCents, availableCents } = image;
  return typeof actualCents === "number" && typeof availableCents === "number"
    ? `ACTUAL ${printCents(actualCents)}, AVAILABLE ${printCents(availableCents)}`
    : "not there";
};
