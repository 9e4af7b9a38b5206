import type { MemoryStore } from "../../src/local/memory-store.ts";
import type { S3 } from "../../src/local/s3/s3.ts";
import type { PutRequest } from "../../src/ports/object-store.ts";
import type { Write } from "../../src/table/store.ts";
import { currentBytes, currentText } from "./bucket-contents.ts";
import { createHeadWatch } from "./head-watch.ts";
import type { Invariant } from "./invariants.ts";

/** A promise that does not hold: its name, and what was seen. */
export type Violation = { readonly invariant: Invariant; readonly what: string };

/** A decision as those see it who were told: outcome and place, nothing that another restore may change. */
export type Told = {
  readonly key: string;
  readonly digest: string;
  readonly text: string;
  readonly epoch: number;
};

type Leg = {
  readonly stream: string;
  readonly sequence: number;
  readonly hash: string;
  readonly prevHash: string;
};
/** A decision record, as far as the watch reads it. */
export type SeenRecord = {
  readonly key: string;
  readonly digest: string;
  readonly outcome: string;
  readonly code?: string;
  readonly epoch: number;
  readonly reused?: boolean;
  readonly legs: readonly Leg[];
};

export const GENESIS = "0".repeat(64);

/** What cannot be a service's doing: somebody's code is wrong, or two truths met. */
const DEFECTS =
  /\b(TypeError|RangeError|ReferenceError|SyntaxError|InvalidWrite|ElectroError|SplitBrain|OffTheChain|ManifestDamaged|UnreadableRecord|SnapshotDamaged|AssertionError)\b|could not be taken away|is gone: decisions must never|does not carry the content/;

export const toldText = ({
  outcome,
  code = "",
  legs,
}: Pick<SeenRecord, "outcome" | "code" | "legs">): string =>
  [outcome, code, ...legs.map(({ stream, sequence, hash }) => `${stream}:${sequence}:${hash}`)].join(" ");

type Parts = {
  readonly tables: ReadonlyMap<string, MemoryStore>;
  readonly s3: S3;
  readonly decisions: string;
  readonly clock: { now(): number };
};

/** Looks at every effect as it happens, and keeps what must still be true at the end. */
export const createWatch = ({ tables, s3, decisions, clock }: Parts) => {
  const violations: Violation[] = [];
  const told = new Map<string, Told>();
  const announced = new Map<string, string[]>();
  /** Hashes of all legs that were ever published. */
  const published = new Set<string>([GENESIS]);
  const fail = (invariant: Invariant, what: string): void => {
    violations.push({ invariant, what });
  };
  const heads = createHeadWatch(fail);
  /** When heads were written, in any table. */
  const commits: number[] = [];
  let isCalm = false;

  const onStored = ({ bucket, key, body }: PutRequest): void => {
    if (bucket !== decisions || !key.startsWith("dec/")) return;
    const record = JSON.parse(String(body)) as SeenRecord; // the product's own text
    for (const { stream, sequence, prevHash } of record.legs)
      if (!published.has(prevHash))
        fail("I9", `${key} is published before what comes before it on ${stream} at ${sequence}`);
    for (const { hash } of record.legs) published.add(hash);
  };

  const isPublished = (epoch: number, key: string, digest: string): boolean =>
    currentText(s3, decisions, `dec/${String(epoch).padStart(6, "0")}/`, key, digest) !== undefined;

  const tell = (name: string, record: SeenRecord): void => {
    const identity = `${record.key} ${record.digest}`;
    const before = told.get(identity);
    const text = toldText(record);
    if (before === undefined)
      told.set(identity, { key: record.key, digest: record.digest, text, epoch: record.epoch });
    else if (before.text !== text)
      fail("I7", `${identity} was told "${before.text}" and now, by ${name}, "${text}"`);
    if (!isPublished(record.epoch, record.key, record.digest))
      fail("I8", `${identity} is acknowledged by ${name} and not published in epoch ${record.epoch}`);
  };

  return {
    violations,
    told,
    announced,
    published,
    fail,
    onStored,
    tell,
    isPublished,
    onTableMade: (table: string): void => heads.begin(table, tables.get(table)?.snapshot() ?? []),
    commits,
    /** From here on no service fails: whatever is thrown or logged as an error is a defect. */
    calmDown: (): void => {
      isCalm = true;
    },
    onCommitted: (table: string, writes: readonly Write[]): void => {
      heads.look(table, writes);
      if (writes.some(write => "put" in write && write.put.__edb_e__ === "head")) commits.push(clock.now());
    },
    onAnnounced: (name: string, body: string): void => {
      const { idempotencyKey } = JSON.parse(body) as { readonly idempotencyKey: string };
      announced.set(idempotencyKey, [...(announced.get(idempotencyKey) ?? []), body]);
      // A record is JSON without white space: one that speaks of the key has it like this.
      const named = JSON.stringify(idempotencyKey);
      const records = currentBytes(s3, decisions, "dec/")
        .filter(({ text }) => text.includes(named))
        .map(({ text }) => JSON.parse(text) as SeenRecord)
        .filter(
          ({ key, outcome, reused }) => key === idempotencyKey && outcome === "accepted" && reused !== true,
        );
      if (records.length === 0)
        fail("I17", `${name} announces ${idempotencyKey}, which is not published as accepted`);
    },
    onLogged: (name: string, reason: string): void => {
      if (isCalm || DEFECTS.test(reason)) fail("I0", `${name} meets ${reason}`);
    },
    onError: (name: string, error: unknown): void => {
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      if (isCalm || DEFECTS.test(text))
        fail("I0", `${name} dies of ${error instanceof Error ? error.stack : text}`);
    },
  };
};

export type Watch = ReturnType<typeof createWatch>;
