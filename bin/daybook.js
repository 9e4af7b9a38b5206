#!/usr/bin/env node
// Plain JavaScript: installs what is missing, then runs the command line on the pinned Node.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setup } from "./setup.js";

setup();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = join(root, "node_modules", ".bin", "node");
const node = existsSync(pinned) ? pinned : process.execPath;
const main = join(root, "src", "cli", "main.ts");

// The channel tells the child that we live, however we end.
const child = spawn(node, ["--disable-warning=ExperimentalWarning", main, ...process.argv.slice(2)], {
  stdio: ["inherit", "inherit", "inherit", "ipc"],
});

// As messages: a terminal signals the child as well, which must be able to tell one Ctrl-C from two.
const passOn = signal => {
  if (child.connected) child.send({ signal }, () => {});
  else child.kill(signal);
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => passOn(signal));

/** Parent of a process, where the system tells (field 4 of /proc/PID/stat on Linux); else 0. */
const parentOf = pid => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
};
// npm and npx start us by a shell, and neither passes on every signal: when npm or the shell dies, the process in its
// place is another one, and we stop.
const isUnderNpm = process.env.npm_command !== undefined;
const ancestors = () => [process.ppid, isUnderNpm ? parentOf(process.ppid) : 0].join();
const atStart = ancestors();
const watch = setInterval(() => {
  if (ancestors() === atStart) return;
  clearInterval(watch);
  passOn("SIGTERM");
}, 500);
watch.unref();

child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
child.on("error", error => {
  process.stderr.write(`Daybook could not start ${node}: ${error.message}\n`);
  process.exit(1);
});
