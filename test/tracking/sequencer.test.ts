import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareSequencers, normaliseSequencer, SEQUENCER_WIDTH } from "../../src/tracking/sequencer.ts";

const normal = (text: string): string => normaliseSequencer(text) ?? "none";

describe("sequencer", () => {
  it.each([
    ["FF", "100"],
    ["617f08299329d189", "00617F08299329D190"],
    ["0a", "0B"],
    ["0055AED6DCD90281E5", "617f08299329d189"],
    ["9", "A"],
    ["0", "1"],
  ])("%s is before %s", (earlier, later) => {
    expect(compareSequencers(normal(earlier), normal(later))).toBeLessThan(0);
    expect(compareSequencers(normal(later), normal(earlier))).toBeGreaterThan(0);
  });

  it("is the same with other case and leading zeros", () => {
    expect(normal("000617f08299329d189")).toBe(normal("617F08299329D189"));
  });

  it("ranks none below every sequencer, zero included", () => {
    expect(compareSequencers(undefined, normal("0"))).toBeLessThan(0);
    expect(compareSequencers(undefined, undefined)).toBe(0);
  });

  it.each(["", " 1", "0x1", "12G4", "-1", "1".repeat(SEQUENCER_WIDTH + 1)])("refuses %j", text => {
    expect(normaliseSequencer(text)).toBeUndefined();
  });

  it("takes any number of leading zeros", () => {
    expect(normal(`${"0".repeat(60)}1`)).toBe("1".padStart(SEQUENCER_WIDTH, "0"));
  });

  it("orders as the integers do, whatever the width and case", () => {
    const spelled = fc
      .tuple(fc.bigInt({ min: 0n, max: 16n ** BigInt(SEQUENCER_WIDTH) - 1n }), fc.nat(5), fc.boolean())
      .map(([value, zeros, isUpper]) => {
        const hex = "0".repeat(zeros) + value.toString(16);
        return { value, text: isUpper ? hex.toUpperCase() : hex };
      });
    fc.assert(
      fc.property(spelled, spelled, (left, right) => {
        const order = compareSequencers(normal(left.text), normal(right.text));
        expect(order > 0).toBe(left.value > right.value);
        expect(order === 0).toBe(left.value === right.value);
      }),
      { numRuns: 2000 },
    );
  });
});
