import { existsSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ACCESS_PATTERNS, WRITERS } from "../scripts/docs/access-patterns.ts";
import { stalePages } from "../scripts/generate-docs.ts";
import { tableRows } from "../src/app.ts";
import { type CommandLine, daybook, misuseOf, readCommandLine } from "./docs/command-line.ts";
import { anchorsOf, commandsOf, linksOf, ROOT, readPages, readText } from "./docs/pages.ts";
import { readSources } from "./tidy/sources.ts";

const pages = readPages();
const readme = readText("README.md");
const ci = readText(".ci/run");
const packageJson = JSON.parse(readText("package.json"));
const commands = pages.flatMap(commandsOf);

test("links lead somewhere", () => {
  const links = pages.flatMap(page => linksOf(page).map(link => ({ ...link, page })));
  const broken = links.flatMap(({ at, to, anchor, page }) => {
    const target = to === "" ? page.path : posix.join(posix.dirname(page.path), to);
    if (!existsSync(`${ROOT}${target}`)) return [`${at}: there is no ${target}`];
    if (anchor === undefined || anchorsOf(readText(target)).includes(anchor)) return [];
    return [`${at}: ${target} has no heading ${anchor}`];
  });
  expect(links.length).toBeGreaterThan(50);
  expect(broken).toEqual([]);
});

test("the generated pages say what the code says", async () => {
  expect((await stalePages()).map(({ path }) => path)).toEqual([]);
});

describe("shown commands", () => {
  let line: CommandLine = new Map();
  beforeAll(async () => {
    line = await readCommandLine();
  });

  test("are found, and the command line tells what it knows", () => {
    expect(commands.length).toBeGreaterThan(20);
    expect([...line.keys()]).toEqual(expect.arrayContaining(["demo", "scenario", "up", "put"]));
    expect(line.get("scenario")).toContain("--shuffle");
  });

  test("of daybook exist, with their options", () => {
    const misuses = commands.flatMap(({ at, words }) => {
      const own = words[0] === "npx" && words[1] === "daybook" ? 2 : words[0] === "daybook" ? 1 : undefined;
      const misuse = own === undefined || words.length === own ? undefined : misuseOf(line, words.slice(own));
      return misuse === undefined ? [] : [`${at}: daybook ${misuse}`];
    });
    expect(misuses).toEqual([]);
  });

  test("that do not exist would be found", () => {
    expect(misuseOf(line, ["rewind"])).toBeDefined();
    expect(misuseOf(line, ["demo", "--backwards"])).toBeDefined();
    expect(misuseOf(line, ["--backwards"])).toBeDefined();
    expect(misuseOf(line, ["scenario", "x.csv", "--json", "--shuffle", "3"])).toBeUndefined();
  });

  test("of npm are scripts, and of node are files", () => {
    const scripts: Readonly<Record<string, string>> = packageJson.scripts;
    const missing = commands.flatMap(({ at, words: [program = "", name = "", script = ""] }) => {
      if (program === "npm") {
        const wanted = name === "run" ? script : name;
        return wanted === "ci" || wanted in scripts ? [] : [`${at}: npm knows no ${wanted}`];
      }
      if (program !== "node" || !name.includes("/")) return [];
      return existsSync(`${ROOT}${name}`) ? [] : [`${at}: there is no ${name}`];
    });
    expect(missing).toEqual([]);
  });

  test("of the README that need no running bank are run by CI", () => {
    const alone = commands.filter(
      ({ at, text }) =>
        at.startsWith("README.md") && /^(npx daybook (demo|scenario)|npm (start|test))\b/.test(text),
    );
    expect(alone.length).toBeGreaterThanOrEqual(5);
    expect(alone.filter(({ text }) => !ci.includes(` ${text}\n`)).map(({ text }) => text)).toEqual([]);
  });
});

describe("the README", () => {
  test("is short, and shows something first", () => {
    const lines = readme.split("\n");
    expect(lines.length).toBeLessThanOrEqual(181);
    expect(lines.findIndex(each => each.startsWith("```"))).toBeLessThan(12);
  });

  test("shows what the demo really prints", async () => {
    // The order within a day is not the same each time, so hashes are not either.
    const plain = (text: string): string => text.replaceAll(/\b[0-9a-f]{12}\b/g, "(hash)").trimEnd();
    const shown = /```\n\$ npx daybook demo\n([\s\S]*?)```/.exec(readme)?.[1]?.trimEnd().split("\n") ?? [];
    const printed = (await daybook("demo")).split("\n").map(plain);
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.filter(each => each.trim() !== "..." && !printed.includes(plain(each)))).toEqual([]);
  });

  test("names every variable that the code reads, and no other", () => {
    const named = (text: string): readonly string[] => text.match(/\bDAYBOOK_[A-Z_]+\b/g) ?? [];
    const read = readSources()
      .filter(({ path }) => /^(src|bin)\//.test(path))
      .flatMap(({ text }) => named(text));
    expect([...new Set(named(readme))].sort()).toEqual([...new Set(read)].sort());
  });
});

test("the limits of ARCHITECTURE.md are in the files they link to", () => {
  const rows = readText("docs/ARCHITECTURE.md")
    .split("\n")
    .filter(row => row.startsWith("|") && /`[A-Z]+_[A-Z_]+`/.test(row));
  const missing = rows.flatMap(row => {
    const code = linksOf({ path: "", text: row }).map(({ to }) => readText(posix.join("docs", to)));
    const names = [...row.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name = ""]) => name);
    return names.filter(name => !code.some(text => text.includes(`const ${name} =`)));
  });
  expect(rows.length).toBeGreaterThan(8);
  expect(missing).toEqual([]);
});

describe("the decisions", () => {
  const names = readdirSync(`${ROOT}docs/decisions`).filter(name => name !== "README.md");

  test("are numbered without a gap, listed in order, and made alike", () => {
    expect(names.map(name => name.slice(0, 4))).toEqual(names.map((_, i) => String(i + 1).padStart(4, "0")));
    const listed = linksOf({ path: "", text: readText("docs/decisions/README.md") }).map(({ to }) => to);
    expect(listed).toEqual(names);
    for (const name of names) {
      const headings = readText(`docs/decisions/${name}`).match(/^## .*$/gm);
      expect(headings).toEqual(["## Status", "## Context", "## Decision", "## Consequences"]);
    }
  });

  test("give a reason for every dependency", () => {
    const { dependencies, devDependencies, optionalDependencies } = packageJson;
    const declared = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    const record = readText("docs/decisions/0007-dependencies.md");
    expect(declared.filter(name => !record.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("the page of the table", () => {
  test("says of every kind of row who writes it", () => {
    expect(Object.keys(WRITERS).sort()).toEqual(Object.keys(tableRows).sort());
  });

  test("lists every file that reads the table", () => {
    const readers = readSources()
      .filter(({ path }) => /^src\/(?!aws|local|table)/.test(path))
      .filter(({ text }) => /\bstore\.(get|query|scan)\(/.test(text))
      .map(({ path }) => path.replace("src/", ""));
    expect(readers.filter(path => !ACCESS_PATTERNS.some(({ files }) => files.includes(path)))).toEqual([]);
  });
});
