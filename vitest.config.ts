import { defineConfig } from "vitest/config";

/** Each starts many processes, most against a running `up`: what they show of the parts is shown elsewhere, in less time. */
const MANY_PROCESSES = [
  "crash",
  "bundles",
  "control",
  "freeze",
  "ingest",
  "life",
  "objects",
  "point-in-time",
  "reconcile",
  "restore",
  "running-scenarios",
  "stopping",
];

/** A restore makes a table, and each history several. */
const RESTORES = "test/replay/restore/on-dynamodb-local.test.ts";

export default defineConfig({
  test: {
    globalSetup: ["test/support/dynamodb-local.setup.ts"],
    include: ["test/**/*.test.ts"],
    exclude: process.env.FULL ? [] : [...MANY_PROCESSES.map(name => `test/cli/${name}.test.ts`), RESTORES],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
