import { styleText } from "node:util";
import { expect, test } from "vitest";
import { printable } from "../../src/cli/output.ts";

test("a terminal is shown no control character of a key, but lines, tabs and colours", () => {
  const red = styleText("red", "wrong", { validateStream: false });
  expect(printable(`a\u001b[2Jb\u0007c\u009bd\r\n\t${red}`)).toBe(
    `a\uFFFD[2Jb\uFFFDc\uFFFDd\uFFFD\n\t${red}`,
  );
});
