import type { DecisionRecord, Original, Parsed, Verdict } from "../../../src/ledger/domain.ts";
import type { AnyLedger } from "../../../src/ledger/ledger.ts";
import { namelessStream } from "../../../src/ledger/nameless-stream.ts";
import { requestBytes } from "../../../src/ledger/record.ts";

export const identityOf = ({ key, digest }: { key: string; digest: string }): string => `${key} ${digest}`;

export type Judged = {
  /** `outcome code` by identity. */
  readonly outcomes: ReadonlyMap<string, string>;
  /** Post-images by stream. */
  readonly states: ReadonlyMap<string, unknown>;
};

/**
 * Judges a whole history in the order it recorded, written without anything that judges in production but the domain's own
 * functions: it takes, again and again, a decision that stands first on all its streams.
 */
export const judgeByHand = ({ domain, settings }: AnyLedger, records: readonly DecisionRecord[]): Judged => {
  const timeOf = ({ replaces, decidedAt, key }: DecisionRecord): string =>
    `${replaces?.decidedAt ?? decidedAt} ${key}`;
  const left = [...records].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  const states = new Map<string, unknown>();
  const registry = new Map<string, Original>();
  const outcomes = new Map<string, string>();
  const parsedOf = ({ key, source, ...record }: DecisionRecord): Parsed<unknown> =>
    domain.parse(
      { key, bytes: requestBytes(record), sizeBytes: source.sizeBytes, eventTime: source.eventTime },
      settings,
    );
  const nameOf = (name: { flow: string; id: string } | undefined): string => `${name?.flow}/${name?.id}`;
  const originalOf = (record: DecisionRecord): string => {
    const parsed = parsedOf(record);
    return parsed.valid && parsed.original ? nameOf(parsed.original) : "";
  };
  const isFirst = (record: DecisionRecord): boolean =>
    record.legs.every(leg =>
      left.every(({ legs }) =>
        legs.every(each => each.stream !== leg.stream || each.sequence >= leg.sequence),
      ),
    );
  const isLater = (record: DecisionRecord): boolean =>
    left.some(each => each.facts.deadline !== undefined && originalOf(each) === nameOf(record.registers));
  const waits = (record: DecisionRecord): boolean =>
    record.facts.deadline === undefined &&
    record.reused === undefined &&
    left.some(each => each !== record && each.registers && nameOf(each.registers) === originalOf(record));
  while (left.length > 0) {
    const ready = left.filter(record => isFirst(record) && !(record.registers && isLater(record)));
    const record = ready.find(each => !waits(each)) ?? ready[0];
    if (record === undefined) throw new Error("Nothing stands first");
    left.splice(left.indexOf(record), 1);
    const parsed = parsedOf(record);
    const original = registry.get(originalOf(record));
    const named = parsed.valid ? domain.streamsOf(parsed, original) : parsed.streams;
    const streams = named.length > 0 ? [...new Set(named)] : [namelessStream(record.key)];
    const before = new Map(streams.map(each => [each, states.get(each) ?? domain.initialState()]));
    const verdict: Verdict<unknown> = record.reused
      ? { outcome: "refused", code: "KEY_REUSED", facts: {} }
      : parsed.valid
        ? domain.decide(parsed.request, { states: before, original, settings })
        : { outcome: "refused", code: parsed.code, facts: {} };
    const final: Exclude<Verdict<unknown>, { outcome: "deferred" }> = verdict.outcome === "deferred" &&
    parsed.valid
      ? { outcome: "refused", ...domain.refuseUnfound(parsed.request) }
      : (verdict as Exclude<Verdict<unknown>, { outcome: "deferred" }>);
    const first = streams[0] ?? "";
    if (final.outcome === "refused") states.set(first, before.get(first));
    else
      for (const { stream, change } of final.legs)
        states.set(stream, domain.evolve(before.get(stream), change));
    if (parsed.registers && !record.reused)
      registry.set(nameOf(parsed.registers), { key: record.key, stream: first, outcome: final.outcome });
    outcomes.set(identityOf(record), final.outcome === "refused" ? `refused ${final.code}` : "accepted");
  }
  const images = new Map([...states].map(([stream, state]) => [stream, domain.postImage(state)]));
  return { outcomes, states: images };
};
