#!/usr/bin/env node
// Plain JavaScript: installs what is missing, then runs the command line on the pinned Node.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setup } from "./setup.js";

setup();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = join(root, "node_modules", ".bin", "node");
const node = existsSync(pinned) ? pinned : process.execPath;
const main = join(root, "src", "cli", "main.ts");

const child = spawn(node, ["--disable-warning=ExperimentalWarning", main, ...process.argv.slice(2)], {
  stdio: ["inherit", "inherit", "inherit", "ipc"],
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));

// npm and npx do not pass signals on: when they die, we are given to another parent, and stop.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== parent) child.kill("SIGTERM");
}, 500);
watch.unref();

child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
child.on("error", error => {
  process.stderr.write(`Daybook could not start ${node}: ${error.message}\n`);
  process.exit(1);
});
