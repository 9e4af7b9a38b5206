import { describe, expect, test } from "vitest";
import { DEFAULTS, InvalidSetting, settingsFrom } from "../../cdk/settings.ts";

const from = (context: Readonly<Record<string, unknown>>) => settingsFrom(name => context[name]);

describe("settings", () => {
  test("are Lab 4's where nothing is said", () => {
    const { placedExpireDays, bundleColdDays, requireIfNoneMatch } = from({});
    expect({ placedExpireDays, bundleColdDays, requireIfNoneMatch }).toEqual({
      placedExpireDays: 1,
      bundleColdDays: 3,
      requireIfNoneMatch: true,
    });
  });

  test("come as text from the command line", () => {
    const { prefix, projectConcurrency, requireIfNoneMatch } = from({
      prefix: "mybank",
      projectConcurrency: "7",
      requireIfNoneMatch: "false",
    });
    expect({ prefix, projectConcurrency, requireIfNoneMatch }).toEqual({
      prefix: "mybank",
      projectConcurrency: 7,
      requireIfNoneMatch: false,
    });
  });

  test("of every kind stay what they are by default", () => {
    expect(from({})).toEqual(DEFAULTS);
    expect(from({ ...DEFAULTS })).toEqual(DEFAULTS);
  });

  test("let no bucket have a longer name than S3 takes, wherever it is", () => {
    const { prefix } = from({ prefix: "fourteen-chars" });
    const longest = `${prefix}-new-events-inventory-123456789012-ap-southeast-1`;
    expect(longest).toHaveLength(63);
  });

  test.each([
    ["prefix", "My Bank"],
    ["prefix", ""],
    ["prefix", "a-very-long-prefix"],
    ["prefix", "fifteen-letters"],
    ["inventoryFrequency", "Hourly"],
    ["requireIfNoneMatch", "yes"],
    ["recoveryDays", 36],
    ["logDays", 100],
    ["projectConcurrency", 1],
    ["placedExpireDays", 0],
    ["placedExpireDays", "1.5"],
    ["bundledExpireDays", -1],
    ["bridgeImage", "image without a tag"],
    ["bridgeSource", "decisions"],
  ])("refuse %s as %j", (name, value) => {
    expect(() => from({ [name]: value })).toThrow(InvalidSetting);
  });
});
