import { describe, expect, test } from "vitest";
import { settingsFrom } from "../../src/bridge/settings-from.ts";
import { systemClock } from "../../src/local/system-clock.ts";

type Env = Readonly<Record<string, string>>;
const from = (env: Env) => settingsFrom({ HANDLER_COMMAND: "true", ...env }, systemClock);

describe("names of the handler's variables", () => {
  test.each([
    [{ ROOT_FOLDER_VAR: "BUCKET" }, "BUCKET_VAR"],
    [{ KEY_PREFIX_VAR: "X", EVENTS_FILE_VAR: "X" }, "EVENTS_FILE_VAR"],
    [{ BUCKET_VAR: "TARGET_BUCKET" }, "BUCKET_VAR"],
    [{ ROOT_FOLDER_VAR: "BRIDGE_RUN_ID" }, "ROOT_FOLDER_VAR"],
  ])("of which two are the same are refused: %o", async (env, variable) => {
    await expect(from(env)).rejects.toThrow(`${variable}: the handler gets something else in`);
  });

  test("may be exchanged", async () => {
    const settings = await from({ BUCKET_VAR: "KEY_PREFIX", KEY_PREFIX_VAR: "BUCKET" });
    expect(settings).toMatchObject({ bucketVar: "KEY_PREFIX", keyPrefixVar: "BUCKET" });
  });
});

describe("the name of a bridge", () => {
  test("differs where what it works on differs, so that none takes another's events for done", async () => {
    const { name } = await from({});
    expect((await from({ FILTER_SECONDS: "9" })).name).toBe(name);
    for (const env of [
      { EXECUTION_FILTER_EXPR: "true" },
      { EVENT_NAMES: "ObjectRestore:*" },
      { PULL_DEPTH: "0" },
      { MANIFEST_NAME: "all" },
    ])
      expect((await from(env)).name).not.toBe(name);
  });
});
