import { expect, test } from "vitest";
import { COLUMNS } from "../../src/cli/scenario-columns.ts";
import { storyNames, storyText } from "./stories.ts";

const readme = storyText("README.md");
const rowsThatBegin = (pattern: RegExp): readonly string[] =>
  [...readme.matchAll(pattern)].flatMap(([, name]) => name ?? []);

test("the page lists every story and no other", () => {
  expect(rowsThatBegin(/^\| \[`([a-z-]+)\.csv`\]/gm).toSorted()).toEqual(storyNames);
});

test("the page explains every column, in the order of the file", () => {
  expect(rowsThatBegin(/^\| `([^`]+)` \|/gm).flatMap(cell => cell.split(", "))).toEqual([...COLUMNS]);
});
