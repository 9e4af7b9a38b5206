import { describe, expect, test } from "vitest";
import { deadFiles, lengthFaults, nameFaults } from "./files.ts";
import { importsOf } from "./sources.ts";
import { wallFaults } from "./walls.ts";
import { bankWordFaults, clockFaults, leftoverFaults, mutedFaults } from "./words.ts";

const file = (path: string, text: string) => ({ path, text });

test("imports are read in every form", () => {
  const text = [
    'import { a } from "./a.ts";',
    'import type { B } from "../b.ts";',
    "import {",
    "  c,",
    '} from "electrodb";',
    'export { d } from "./d.ts";',
    'import "node:test";',
    'const e = await import("./e.ts");',
  ].join("\n");
  expect(importsOf(file("src/x/y.ts", text))).toEqual([
    { to: "src/x/a.ts", line: 1, isType: false, isLocal: true },
    { to: "src/b.ts", line: 2, isType: true, isLocal: true },
    { to: "electrodb", line: 3, isType: false, isLocal: false },
    { to: "src/x/d.ts", line: 6, isType: false, isLocal: true },
    { to: "node:test", line: 7, isType: false, isLocal: false },
    { to: "src/x/e.ts", line: 8, isType: false, isLocal: true },
  ]);
});

describe("the walls", () => {
  test.each([
    ["src/domain/account.ts", "../ledger/chain.ts"],
    ["src/domain/account.ts", "decimal.js"],
    ["src/domain/account.ts", "node:crypto"],
    ["src/ports/clock.ts", "../table/store.ts"],
    ["src/table/store.ts", "../ledger/chain.ts"],
    ["src/tracking/track.ts", "../ledger/decide.ts"],
    ["src/tracking/track.ts", "../domain/money.ts"],
    ["src/ledger/decide.ts", "../aws/clients.ts"],
    ["src/ledger/decide.ts", "../local/cloud.ts"],
    ["src/ledger/decide.ts", "../projections/told.ts"],
    ["src/ledger/decide.ts", "../app.ts"],
    ["src/ledger/decide.ts", "../cli/main.ts"],
    ["src/ledger/decide.ts", "node:fs"],
    ["src/ledger/decide.ts", "electrodb"],
    ["src/replay/plan.ts", "../domain/bank.ts"],
    ["src/bridge/run.ts", "../projections/told.ts"],
    ["src/projections/statement.ts", "../ledger/chain.ts"],
    ["src/aws/queue.ts", "../ledger/decide.ts"],
    ["src/local/cloud.ts", "../aws/clients.ts"],
    ["src/local/cloud.ts", "@aws-sdk/client-s3"],
    ["src/ledger/decide.ts", "aws-lambda"],
    ["src/cli/demo.ts", "../handlers/project.ts"],
    ["src/app.ts", "./handlers/project.ts"],
    ["src/app.ts", "./cli/main.ts"],
    ["src/handlers/project.ts", "../cli/up.ts"],
    ["src/handlers/project.ts", "../ledger/decide.ts"],
    ["src/cli/demo.ts", "../../test/support/turnstile.ts"],
    ["src/cli/demo.ts", "left-pad"],
  ])("%s may not import %s", (path, to) => {
    expect(wallFaults(file(path, `import { x } from "${to}";\n`))).toHaveLength(1);
  });

  test.each([
    ["src/domain/money.ts", "decimal.js"],
    ["src/ledger/entities.ts", "electrodb"],
    ["src/ledger/chain.ts", "node:crypto"],
    ["src/cli/up.ts", "../handlers/project.ts"],
    ["src/aws/queue.ts", "@aws-sdk/client-sqs"],
    ["test/cli/up.test.ts", "../../src/handlers/project.ts"],
  ])("%s may import %s", (path, to) => {
    expect(wallFaults(file(path, `import { x } from "${to}";\n`))).toEqual([]);
  });

  test("the rows may take types of the machinery", () => {
    const path = "src/projections/told.ts";
    expect(wallFaults(file(path, 'import type { Leg } from "../ledger/domain.ts";\n'))).toEqual([]);
  });
});

describe("words", () => {
  test.each(["const accountOf = 1;", "// the balances", "AMOUNT_MAX", "bank_rows", "fooCents"])(
    "%s is found in the machinery, and only there",
    text => {
      expect(bankWordFaults(file("src/ledger/x.ts", text))).toHaveLength(1);
      expect(bankWordFaults(file("src/projections/x.ts", text))).toEqual([]);
    },
  );

  test("likeness is no fault", () => {
    const text = "recentShard percent // what the state amounts to, accountable";
    expect(bankWordFaults(file("src/tracking/x.ts", text))).toEqual([]);
  });

  test.each(["Date.now()", "new Date()", "Math.random()", "randomUUID()", "setTimeout(x, 1)"])(
    "%s is found but at the edges",
    text => {
      expect(clockFaults(file("src/ledger/x.ts", `  ${text};`))).toHaveLength(1);
      expect(clockFaults(file("src/local/x.ts", `  ${text};`))).toEqual([]);
      expect(clockFaults(file("src/ledger/x.ts", `// never ${text}`))).toEqual([]);
    },
  );

  test.each([
    ["/wo", "rk/x"],
    ["https://regi", "stry.example.org/"],
    ["// TO", "DO later"],
    ["FIX", "ME"],
  ])("%s%s is found anywhere", (...parts) => {
    expect(leftoverFaults(file("docs/x.md", parts.join("")))).toHaveLength(1);
  });

  test.each(["only", "skip", "todo"])("a test with .%s is found", muted => {
    expect(mutedFaults(file("test/x.test.ts", `  test.${muted}("x", () => {});`))).toHaveLength(1);
    expect(mutedFaults(file("test/x.test.ts", `  it.each.${muted}("x", () => {});`))).toHaveLength(1);
  });
});

describe("files", () => {
  test("of more lines than one reads at once are found", () => {
    const long = file("src/ledger/long.ts", "x\n".repeat(251));
    expect(lengthFaults([long]).filter(fault => fault.includes("long.ts"))).toHaveLength(1);
    expect(lengthFaults([]).every(fault => fault.includes("not too long any more"))).toBe(true);
  });

  test.each(["src/ledger/bigName.ts", "src/ledger/utils.ts", "src/cli/helpers.ts"])("%s is found", path => {
    expect(nameFaults([file(path, "")])).toHaveLength(1);
  });

  test("that nothing leads to are found, and those that text leads to are not", () => {
    const main = file("src/cli/main.ts", 'import { a } from "./a.ts";\nnew URL("./worker.ts", here);\n');
    const rest = ["src/cli/a.ts", "src/cli/worker.ts", "src/cli/dead.ts"].map(path => file(path, ""));
    expect(deadFiles([main, ...rest])).toEqual([expect.stringContaining("src/cli/dead.ts")]);
  });
});
