import type { Kind, Observation, ObservationRow } from "../../src/tracking/observation.ts";
import { observe } from "../../src/tracking/observe.ts";
import { pairedView } from "../../src/tracking/paired-view.ts";
import { normaliseSequencer } from "../../src/tracking/sequencer.ts";
import { currentView, flatView } from "../../src/tracking/views.ts";

/**
 * The notation of the filemanager vectors: `C4@V` created, `D6` deleted, `X4` delete marker, `~` no sequencer, `|`
 * and space between observations. `+n` at the end: n seconds into the story; by default the sequencer's own value.
 */
const TOKEN = /^([CDX])([0-9A-Fa-f]+|~)(?:@(\w+))?(?:\+(\d+))?$/;

/** The sequencer a digit stands for in the vectors. */
export const FIXTURE_PREFIX = "0055AED6DCD90281E";

const KIND: Readonly<Record<string, Kind>> = { C: "created", D: "deleted", X: "marker" };
const EVENT: Readonly<Record<string, string>> = {
  C: "ObjectCreated:Put",
  D: "ObjectRemoved:Delete",
  X: "ObjectRemoved:DeleteMarkerCreated",
};

export const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

export const observation = (token: string, given: Partial<Observation> = {}, prefix = ""): Observation => {
  const [, letter = "", digits = "", versionId = "null", seconds] = TOKEN.exec(token) ?? [];
  const sequencer = digits === "~" ? undefined : normaliseSequencer(prefix + digits);
  return {
    source: "notification",
    bucket: "bucket",
    key: "key",
    versionId,
    kind: KIND[letter] ?? "ignored",
    event: EVENT[letter] ?? token,
    time: at(seconds === undefined ? Number.parseInt(digits, 16) % 1_000_000 : Number(seconds)),
    ...(sequencer === undefined ? {} : { sequencer }),
    ...(letter === "C" ? { sizeBytes: 0 } : {}),
    ...given,
  };
};

const tokensOf = (text: string): readonly string[] => text.split(/[\s|]+/).filter(token => token !== "");

/** Observations with literal sequencers. */
export const literal = (text: string, given: Partial<Observation> = {}): readonly Observation[] =>
  tokensOf(text).map(token => observation(token, given));

/** Observations with the vectors' long sequencers. */
export const fixture = (text: string, given: Partial<Observation> = {}): readonly Observation[] =>
  tokensOf(text).map(token => observation(token, given, FIXTURE_PREFIX));

export const rowsOf = (observations: readonly Observation[]): readonly ObservationRow[] =>
  observations.reduce<readonly ObservationRow[]>((rows, next) => observe(rows, next).rows, []);

const short = (row: ObservationRow | undefined): string => {
  if (row === undefined) return "–";
  if (row.sequencer === undefined) return "~";
  const digits = row.sequencer.replace(/^0+/, "");
  const long = FIXTURE_PREFIX.replace(/^0+/, "");
  return digits.startsWith(long) && digits !== long ? digits.slice(long.length) : digits || "0";
};

const versionMark = ({ versionId }: { versionId: string }): string =>
  versionId === "null" ? "" : `@${versionId}`;

const LETTER: Readonly<Partial<Record<Kind, string>>> = { created: "C", deleted: "D", marker: "X" };

/** The flat view in the vectors' notation: `C4@V* dup 1`. */
export const flat = (rows: readonly ObservationRow[]): readonly string[] =>
  flatView(rows).map(row => {
    const name = `${LETTER[row.kind] ?? row.kind}${short(row)}${versionMark(row)}${row.isCurrent ? "*" : ""}`;
    return row.duplicates === 0 ? name : `${name} dup ${row.duplicates}`;
  });

/** The paired view in the vectors' notation: `(4,6)@V dup 1`, `~` for a missing sequencer. */
export const paired = (rows: readonly ObservationRow[]): readonly string[] =>
  pairedView(rows).map(life => {
    const name = `(${short(life.created)},${short(life.ended)})${versionMark(life)}`;
    return life.duplicates === 0 ? name : `${name} dup ${life.duplicates}`;
  });

/** The current version as `C2@v2`, or `none`. */
export const current = (rows: readonly ObservationRow[], bucket = "bucket"): string => {
  const view = currentView(rows, bucket);
  return view === undefined ? "none" : `C${short(view.latest)}${versionMark(view)}`;
};

export const permutations = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, index) =>
        permutations([...items.slice(0, index), ...items.slice(index + 1)]).map(rest => [item, ...rest]),
      );
