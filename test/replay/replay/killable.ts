import type { AnyLedger } from "../../../src/ledger/ledger.ts";

/** The process is gone: nothing it asks for happens any more. */
export class Killed extends Error {
  override readonly name = "Killed";
}

/** What a process asked of its table and of S3 so far; `writes`: of the table. */
export type Calls = { all: number; writes: number };

const WRITES = ["write", "transact", "putAll"];
/**
 * A process over a ledger that dies with its `lives`-th call, which happens or not; no later one does. Calls that were
 * under way by then happen.
 */
export const killable = (
  ledger: AnyLedger,
  lives = Number.POSITIVE_INFINITY,
  isAfter = false,
): { readonly ledger: AnyLedger; readonly calls: Calls } => {
  const calls: Calls = { all: 0, writes: 0 };
  const dying = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (real, name) => {
        const member = Reflect.get(real, name, real);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          calls.all += 1;
          if (WRITES.includes(String(name))) calls.writes += 1;
          const turn = calls.all;
          if (turn > lives || (turn === lives && !isAfter)) throw new Killed(String(name));
          const answer = await Reflect.apply(member, real, args);
          if (turn === lives) throw new Killed(String(name));
          return answer;
        };
      },
    });
  return { ledger: { ...ledger, store: dying(ledger.store), objects: dying(ledger.objects) }, calls };
};
