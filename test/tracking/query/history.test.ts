import { expect, it } from "vitest";
import { historyOf } from "../../../src/tracking/query/history.ts";
import { literal, rowsOf } from "../notation.ts";

/** Rows as they are kept of observations delivered one after the other, in this order. */
const delivered = (tokens: string) =>
  rowsOf(literal(tokens)).map(row => {
    const names = tokens.split(" ");
    const at = names.findIndex(token => {
      const [one] = literal(token);
      return one?.sequencer === row.sequencer && one?.kind === row.kind;
    });
    return { ...row, receivedAt: `2026-02-01T00:00:0${at}.000Z` };
  });

const told = (tokens: string) =>
  historyOf(delivered(tokens)).map(({ kind, outcome, isReordered, isCurrent, duplicates }) =>
    [kind, outcome, isReordered && "late", isCurrent && "current", duplicates].filter(Boolean).join(" "),
  );

it("tells in S3's order what each observation was when it came", () => {
  expect(told("C1@a C2@b")).toEqual(["created fresh", "created fresh current"]);
  expect(told("C2@b C1@a")).toEqual(["created reordered late", "created fresh current"]);
  expect(told("D2@a C1@a")).toEqual(["created stale late", "deleted fresh"]);
  expect(told("C3 C1 C1")).toEqual(["created overwritten late 1", "created fresh current"]);
});

it("tells no outcomes of a key of very many rows", () => {
  const many = Array.from({ length: 1_001 }, (_, i) => `C${(i + 1).toString(16)}@v${i}`).join(" ");
  const rows = literal(many).map(observation => ({ ...observation, duplicates: 0 }));
  expect(historyOf(rows).some(row => "outcome" in row)).toBe(false);
});
