import { Unreadable } from "../errors.ts";

/** The time zone of the program that wrote a stripe. */
export type Zone = {
  /** Milliseconds that its clocks are ahead of UTC at an instant. */
  offsetMs(epochMs: number): number;
};

/** Zones change their offset at quarters of an hour only. */
const QUARTER_MS = 15 * 60 * 1000;
/** Quarters that are remembered; reports hold objects of some years. */
const REMEMBERED_MAX = 400_000;
const ALWAYS_UTC = new Set(["", "UTC", "GMT", "Z", "Etc/UTC", "Etc/GMT"]);
const UTC: Zone = { offsetMs: () => 0 };

/** Throws: `Unreadable` for a name that is no zone. None is UTC. */
export const zoneOf = (name: string | undefined): Zone => {
  if (name === undefined || ALWAYS_UTC.has(name)) return UTC;
  const format = formatOf(name);
  const remembered = new Map<number, number>();
  return {
    offsetMs: epochMs => {
      const quarter = Math.floor(epochMs / QUARTER_MS);
      const known = remembered.get(quarter);
      if (known !== undefined) return known;
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      const offsetMs = wallMs(format, quarter * QUARTER_MS) - quarter * QUARTER_MS;
      remembered.set(quarter, offsetMs);
      return offsetMs;
    },
  };
};

/** When a zone's clocks showed this time, given as if it were UTC. */
export const instantOfWall = (zone: Zone, wall: number): number => {
  const guess = wall - zone.offsetMs(wall);
  return wall - zone.offsetMs(guess);
};

const formatOf = (name: string): Intl.DateTimeFormat => {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (cause) {
    throw new Unreadable(`${JSON.stringify(name)} is no time zone`, { cause });
  }
};

const wallMs = (format: Intl.DateTimeFormat, epochMs: number): number => {
  const parts = new Map(format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
};
