import { describe, expect, test } from "vitest";
import { tableRows } from "../../src/app.ts";
import { deadFiles, lengthFaults, nameFaults } from "./files.ts";
import { importsOf, isTypeScript, readSources } from "./sources.ts";
import { wallFaults } from "./walls.ts";
import { bankWordFaults, clockFaults, leftoverFaults, mutedFaults } from "./words.ts";

const sources = readSources();
const textOf = (path: string): string => sources.find(source => source.path === path)?.text ?? "";

/** Packages whose types come from another package. */
const TYPES_FROM: Readonly<Record<string, string>> = { "aws-lambda": "@types/aws-lambda" };

const packageOf = (name: string): string =>
  name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");

describe("the sources", () => {
  test("are found", () => {
    const paths = sources.map(({ path }) => path);
    for (const path of ["src/app.ts", "test/tidy/tidy.test.ts", "package.json", "README.md", ".ci/run"])
      expect(paths).toContain(path);
  });

  test("keep to the walls between the parts", () => {
    expect(sources.filter(isTypeScript).flatMap(wallFaults)).toEqual([]);
  });

  test("import only declared packages", () => {
    const { dependencies, devDependencies } = JSON.parse(textOf("package.json"));
    const declared = new Set(Object.keys({ ...dependencies, ...devDependencies }));
    const undeclared = sources.filter(isTypeScript).flatMap(source =>
      importsOf(source)
        .filter(({ to, isLocal }) => !isLocal && !to.startsWith("node:"))
        .map(({ to }) => TYPES_FROM[to] ?? packageOf(to))
        .filter(name => !declared.has(name))
        .map(name => `${source.path} imports ${name}: declare it in package.json with its exact version`),
    );
    expect(undeclared).toEqual([]);
  });

  test("speak of no bank in the machinery", () => {
    expect(sources.flatMap(bankWordFaults)).toEqual([]);
  });

  test("take time and chance from the ports", () => {
    expect(sources.filter(isTypeScript).flatMap(clockFaults)).toEqual([]);
  });

  test("hold no path of a machine, no registry, no promise to oneself", () => {
    expect(sources.flatMap(leftoverFaults)).toEqual([]);
  });

  test("mute no test", () => {
    expect(sources.filter(isTypeScript).flatMap(mutedFaults)).toEqual([]);
  });

  test("are short, or listed with a reason", () => {
    expect(lengthFaults(sources)).toEqual([]);
  });

  test("have names that say what is in them", () => {
    expect(nameFaults(sources)).toEqual([]);
  });

  test("are all in use", () => {
    expect(deadFiles(sources)).toEqual([]);
  });
});

test("the lock file names no host to download from", () => {
  const lock = textOf("package-lock.json");
  expect(lock).toContain('"integrity"');
  expect(lock).not.toContain('"resolved"');
  expect(textOf(".npmrc")).toContain("omit-lockfile-registry-resolved=true");
});

test("every key of every row keeps the case of what it is made of", () => {
  type Part = { readonly casing?: string };
  type Index = { readonly pk: Part; readonly sk?: Part };
  const recased = Object.values(tableRows).flatMap(({ entity, name }) =>
    Object.entries<Index>(entity.schema.indexes).flatMap(([index, { pk, sk }]) =>
      [pk, ...(sk ? [sk] : [])]
        .filter(({ casing }) => casing !== "none")
        .map(() => `${name}.${index} is lower-cased by ElectroDB: give its keys casing: "none"`),
    ),
  );
  expect(recased).toEqual([]);
});
