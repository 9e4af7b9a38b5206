import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** More than any Linux or macOS gives to a process. */
const NOBODYS_PID = 2 ** 22 + 1;
/** Every user may look there, unlike perhaps in TMPDIR. */
const SHARED = "/tmp";
const SWEEP = `
  const [module, folder] = process.argv.slice(1);
  const { sweepRunFolders } = await import(module);
  // Whoever may do anything would remove it.
  if (process.geteuid() === 0) process.seteuid(65534);
  console.log(JSON.stringify(await sweepRunFolders(folder)));
`;

test("a folder that somebody else left behind and that cannot be removed does not stop a bridge", () => {
  const temporary = mkdtempSync(join(SHARED, "bridge-sweep-"));
  const name = `daybook-bridge-${NOBODYS_PID}-0123456789abcdef`;
  try {
    mkdirSync(join(temporary, name));
    writeFileSync(join(temporary, name, "x"), "");
    chmodSync(temporary, 0o555);
    const module = new URL("../../src/bridge/run-folder.ts", import.meta.url).href;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", SWEEP, module, temporary]);
    expect(JSON.parse(said.toString())).toEqual({ removed: 0, left: [name] });
    expect(existsSync(join(temporary, name))).toBe(true);
  } finally {
    chmodSync(temporary, 0o755);
    rmSync(temporary, { recursive: true });
  }
});
