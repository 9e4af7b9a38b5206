import type { Item, Write } from "../../src/table/store.ts";
import type { Invariant } from "./invariants.ts";

type Hold = { readonly kind: string; readonly amountCents: number };
type State = {
  readonly actualCents: number;
  readonly availableCents: number;
  readonly holds: Readonly<Record<string, Hold>>;
};
type Head = {
  readonly sequence: number;
  readonly hash: string;
  readonly epoch: number;
  readonly state: string;
};
type Sealed = { readonly sequence: number; readonly hash: string };
type Shadow = {
  readonly heads: Map<string, Head>;
  /** What the catalogue of a stream ends with, by its rows' sort keys. */
  readonly sealed: Map<string, Map<string, Sealed>>;
};
type Fail = (invariant: Invariant, what: string) => void;

const sorted = (value: unknown): unknown =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .map(([name, each]) => [name, sorted(each)] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    : value;

const headIn = (item: Item): Head => ({
  sequence: Number(item.sequence),
  hash: String(item.hash),
  epoch: Number(item.epoch),
  state: JSON.stringify(sorted(item.state)),
});

const sealedIn = (item: Item): Sealed | undefined => {
  const entries = item.entries as unknown as readonly Sealed[]; // written by the catalogue
  return entries.reduce<Sealed | undefined>(
    (last, entry) => (last === undefined || entry.sequence > last.sequence ? entry : last),
    undefined,
  );
};

/** Follows every head of every table, and checks each step it takes. */
export const createHeadWatch = (fail: Fail) => {
  const shadows = new Map<string, Shadow>();
  const shadowOf = (table: string): Shadow => {
    const shadow = shadows.get(table) ?? { heads: new Map(), sealed: new Map() };
    shadows.set(table, shadow);
    return shadow;
  };

  const keepCatalogue = ({ sealed }: Shadow, item: Item): void => {
    const last = sealedIn(item);
    if (last === undefined) return;
    const parts = sealed.get(item.PK) ?? new Map<string, Sealed>();
    sealed.set(item.PK, parts.set(item.SK, last));
  };

  const checkBalances = (where: string, state: State): void => {
    const held = Object.values(state.holds)
      .filter(({ kind }) => kind === "outgoing")
      .reduce((sum, { amountCents }) => sum + amountCents, 0);
    if (state.availableCents < 0) fail("I4", `${where}: AVAILABLE is ${state.availableCents}`);
    if (state.actualCents - state.availableCents !== held)
      fail(
        "I5",
        `${where}: ACTUAL ${state.actualCents} less AVAILABLE ${state.availableCents} is not ${held}, which is held`,
      );
  };

  const checkHead = (table: string, shadow: Shadow, item: Item): void => {
    const stream = item.PK;
    const now = headIn(item);
    const before = shadow.heads.get(stream);
    const where = `${stream} at ${now.sequence} in ${table}`;
    checkBalances(where, item.state as unknown as State);
    if (before !== undefined && now.sequence < before.sequence)
      fail("I3", `${where}: its head went back from ${before.sequence}`);
    if (before?.sequence === now.sequence && before.hash !== now.hash)
      fail("I2", `${where}: another decision took the place of one`);
    const isNew = item.last !== "" && now.sequence === (before?.sequence ?? 0) + 1;
    if (isNew && before !== undefined) {
      const { outcome } = JSON.parse(String(item.last)) as { readonly outcome: string };
      if (outcome === "refused" && before.state !== now.state)
        fail("I10", `${where}: a refusal changed the account`);
    }
    const gate = [...(shadow.sealed.get(stream)?.values() ?? [])].reduce<Sealed | undefined>(
      (last, each) => (last === undefined || each.sequence > last.sequence ? each : last),
      undefined,
    );
    const isGated = gate !== undefined && (before === undefined || before.epoch < now.epoch);
    if (isGated && (gate.sequence !== now.sequence || gate.hash !== now.hash))
      fail("I12", `${where}: decided before its gate was opened, which is to be at ${gate.sequence}`);
    shadow.heads.set(stream, now);
  };

  return {
    /** A table is made, with this in it. */
    begin: (table: string, items: readonly Item[]): void => {
      if (shadows.has(table)) return;
      const shadow = shadowOf(table);
      for (const item of items) {
        if (item.__edb_e__ === "head") shadow.heads.set(item.PK, headIn(item));
        // A catalogue of an epoch before means nothing in this table.
      }
    },
    look: (table: string, writes: readonly Write[]): void => {
      const shadow = shadowOf(table);
      for (const write of writes) {
        if ("put" in write) {
          const kind = write.put.__edb_e__;
          if (kind === "head") checkHead(table, shadow, write.put);
          else if (kind === "catalogue") keepCatalogue(shadow, write.put);
        } else if ("delete" in write) {
          const { PK, SK } = write.delete;
          if (SK === "ACCOUNT") shadow.heads.delete(PK);
          else if (SK.startsWith("CATALOGUE#")) shadow.sealed.get(PK)?.delete(SK);
        }
      }
    },
  };
};
