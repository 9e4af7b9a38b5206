import { expect } from "vitest";
import type { AccountChange, AccountState } from "../../src/domain/account.ts";
import { bank } from "../../src/domain/bank.ts";
import type { RefusalCode } from "../../src/domain/refusals.ts";
import { DEFAULT_SETTINGS } from "../../src/domain/settings.ts";
import type { Original } from "../../src/domain/verdict.ts";
import type { DecisionRecord, Leg } from "../../src/ledger/domain.ts";
import { MemoryStore } from "../../src/local/memory-store.ts";
import { bankRows } from "../../src/projections/bank-rows.ts";
import { bankEntities } from "../../src/projections/entities.ts";
import { tableDefinition } from "../../src/table/definition.ts";
import type { Item, Store, Write } from "../../src/table/store.ts";
import { type Body, NOON } from "../domain/book.ts";

type BankRecord = DecisionRecord<AccountChange>;

/** Decides requests as the ledger does, as far as rows are concerned, and writes their rows into the table. */
export const openLedger = () => {
  const table = new MemoryStore(tableDefinition(Object.values(bankEntities), ["EventKeyIdx"]));
  const states = new Map<string, AccountState>();
  const sequences = new Map<string, number>();
  const registry = new Map<string, Original>();

  const write = async (writes: readonly Write[]): Promise<void> => {
    expect(await table.transact(writes)).toEqual({ outcome: "committed" });
  };

  const legOf = (stream: string, change: AccountChange): Leg<AccountChange> => {
    const state = bank.evolve(states.get(stream) ?? bank.initialState(), change);
    const sequence = (sequences.get(stream) ?? 0) + 1;
    states.set(stream, state);
    sequences.set(stream, sequence);
    return { stream, sequence, prevHash: "p", hash: `h${sequence}`, change, after: bank.postImage(state) };
  };

  /** Decides a request and writes its rows. */
  const decide = async (
    name: string,
    body: Body | string,
    eventTime = NOON,
  ): Promise<{ record: BankRecord; writes: Write[] }> => {
    const key = `${name}.event`;
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const bytes = new TextEncoder().encode(text);
    const parsed = bank.parse({ key, bytes, sizeBytes: bytes.length, eventTime }, DEFAULT_SETTINGS);
    const original = parsed.valid && parsed.original ? registry.get(parsed.original.id) : undefined;
    const streams = parsed.valid ? bank.streamsOf(parsed, original) : parsed.streams;
    const verdict = parsed.valid
      ? bank.decide(parsed.request, { states, original, settings: DEFAULT_SETTINGS })
      : ({ outcome: "refused", code: parsed.code, facts: parsed.facts } as const);
    if (verdict.outcome === "deferred") throw new Error("not for these tests");
    const touched =
      verdict.outcome === "accepted"
        ? verdict.legs
        : [{ stream: streams[0] ?? "~0", change: bank.noChange() }];
    const record: BankRecord = {
      key,
      digest: "d",
      outcome: verdict.outcome,
      ...(verdict.outcome === "refused" ? { code: verdict.code satisfies RefusalCode } : {}),
      facts: verdict.facts,
      rules: bank.rules,
      settings: DEFAULT_SETTINGS,
      epoch: 1,
      decidedAt: eventTime,
      legs: touched.map(({ stream, change }) => legOf(stream, change)),
      source: { bucket: "new-events", eventTime, sizeBytes: bytes.length },
      text,
    };
    if (parsed.registers)
      registry.set(parsed.registers.id, { key, stream: streams[0] ?? "~0", outcome: record.outcome });
    const writes = record.legs.flatMap(leg => rowsOf(record, leg));
    await write(writes);
    return { record, writes };
  };

  const rowsOf = (record: BankRecord, leg: Leg<AccountChange>): Write[] => {
    const state = states.get(leg.stream) ?? bank.initialState();
    const head = bankRows.headRows({ stream: leg.stream, state, last: record, leg });
    return [...bankRows.legRows(record, leg), ...head.map(put => ({ put }))];
  };

  // Pages of two, so that every read of more has to follow the cursor.
  const store: Pick<Store, "query"> = { query: query => table.query({ ...query, limit: 2 }) };
  const items = () => table.snapshot();

  return {
    decide,
    store,
    states,
    item: (PK: string, SK: string): Item | undefined =>
      items().find(item => item.PK === PK && item.SK === SK),
    sortKeys: (PK: string): string[] =>
      items()
        .filter(item => item.PK === PK)
        .map(({ SK }) => SK),
  };
};
