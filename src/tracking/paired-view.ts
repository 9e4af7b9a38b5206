import { arrange, newestSequencedTime } from "./arrange.ts";
import { isTold } from "./news.ts";
import { isPresence, type ObservationRow } from "./observation.ts";
import { compareText } from "./sequencer.ts";
import { bucketsOf } from "./views.ts";

/** The life of one stored object, from its creation to its end; either may not have been seen. */
export type Lifetime = {
  readonly bucket: string;
  readonly versionId: string;
  readonly created?: ObservationRow | undefined;
  readonly ended?: ObservationRow | undefined;
  /**
   * `open`: it lives, as far as is known. `overwritten`: the null version was stored again without being deleted.
   * `deleted` and `marker`: by `ended`.
   */
  readonly end: "open" | "overwritten" | "deleted" | "marker";
  /** Further deliveries of both notifications. */
  readonly duplicates: number;
};

/**
 * The lifetimes of a key's objects, by bucket and version, oldest first.
 *
 * A deletion ends the creation right before it in its version; a delete marker too, where it replaced the null
 * version. A creation that another creation follows was overwritten. A picture that shows what a notification tells,
 * or what one beside it shows, adds nothing. Without a sequencer on either side nothing is paired, since their order is not known.
 *
 * Source: filemanager's paired mode, vectors P1-P23, and E11-E14 where its answer depends on the order of arrival.
 */
export const pairedView = (rows: readonly ObservationRow[]): readonly Lifetime[] =>
  bucketsOf(rows).flatMap(bucket => {
    const here = rows.filter(row => row.bucket === bucket && isPresence(row));
    const versionIds = [...new Set(here.map(({ versionId }) => versionId))].sort(compareText);
    return versionIds.flatMap(versionId => lifetimesOf(here.filter(row => row.versionId === versionId)));
  });

const lifetimesOf = (rows: readonly ObservationRow[]): readonly Lifetime[] => {
  const lifetimes: Lifetime[] = [];
  let open: ObservationRow | undefined;
  const untold = rows.filter(row => !rows.some(other => isTold(row, other)));
  for (const row of withoutEchoes(arrange(untold, newestSequencedTime(rows)))) {
    const isEnd = row.kind !== "created";
    const isPair = isEnd && (open?.sequencer ?? row.sequencer) !== undefined;
    if (open !== undefined && !isPair)
      lifetimes.push(lifetime(open, undefined, isEnd ? "open" : "overwritten"));
    if (isEnd) lifetimes.push(lifetime(isPair ? open : undefined, row, endOf(row)));
    open = isEnd ? undefined : row;
  }
  return open === undefined ? lifetimes : [...lifetimes, lifetime(open, undefined, "open")];
};

const withoutEchoes = (rows: readonly ObservationRow[]): readonly ObservationRow[] => {
  const kept: ObservationRow[] = [];
  for (const row of rows) {
    const before = kept.at(-1);
    if (before === undefined || !isEcho(before, row)) kept.push(row);
    else if (row.source === "notification") kept[kept.length - 1] = row;
  }
  return kept;
};

const isEcho = (before: ObservationRow, row: ObservationRow): boolean =>
  before.kind === row.kind &&
  (before.source !== "notification" || row.source !== "notification") &&
  (before.eTag === undefined || row.eTag === undefined || before.eTag === row.eTag);

const endOf = ({ kind }: ObservationRow): Lifetime["end"] => (kind === "marker" ? "marker" : "deleted");

const lifetime = (
  created: ObservationRow | undefined,
  ended: ObservationRow | undefined,
  end: Lifetime["end"],
): Lifetime => {
  const known = created ?? ended;
  if (known === undefined) throw new Error("A lifetime has a beginning or an end");
  return {
    bucket: known.bucket,
    versionId: known.versionId,
    ...(created === undefined ? {} : { created }),
    ...(ended === undefined ? {} : { ended }),
    end,
    duplicates: (created?.duplicates ?? 0) + (ended?.duplicates ?? 0),
  };
};
