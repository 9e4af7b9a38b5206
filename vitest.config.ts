import { defineConfig } from "vitest/config";

/** Each starts many processes, most against a running `up`: what they show of the parts is shown elsewhere, in less time. */
const MANY_PROCESSES = [
  "against-up",
  "bridge",
  "crash",
  "bundles",
  "control",
  "drill",
  "freeze",
  "ingest",
  "killed-replay",
  "life",
  "monthly-statements",
  "objects",
  "point-in-time",
  "reconcile",
  "rejudge",
  "replay-events",
  "restore",
  "restore-errors",
  "running-scenarios",
  "stopping",
  "verify",
];

/** A restore makes a table, and each history several. */
const RESTORES = ["on-dynamodb-local", "many-on-dynamodb-local"];

/** Plays the calls of histories again, on DynamoDB Local and over the wire. */
const CONFORMANCE = "test/simulation/conformance/conformance.test.ts";

/** Each builds all functions' bundles. */
const BUNDLES = ["templates", "bundles", "on-this-machine"];

/** Each runs many programs of its own. */
const BRIDGES = [
  "container",
  "gaps-high",
  "gaps-medium",
  "nasty-handlers",
  "random-keys",
  "vectors-in",
  "vectors-out",
];

const LEFT_OUT = [
  ...MANY_PROCESSES.map(name => `test/cli/${name}.test.ts`),
  CONFORMANCE,
  ...BRIDGES.map(name => `test/bridge/${name}.test.ts`),
  ...BUNDLES.map(name => `test/infra/${name}.test.ts`),
  ...RESTORES.map(name => `test/replay/restore/${name}.test.ts`),
];

/** `npm test` runs these, and less of them than `FULL=1` does. */
const CUT_SHORT = ["test/aws/dynamo-store.test.ts"];

/**
 * `FULL=1` runs every file; `FULL=1 REST=1` only what `npm test` left out or cut short, for whoever ran that just
 * before.
 */
const { FULL, REST } = process.env;

export default defineConfig({
  test: {
    globalSetup: ["test/support/dynamodb-local.setup.ts"],
    include: REST ? [...LEFT_OUT, ...CUT_SHORT] : ["test/**/*.test.ts"],
    exclude: FULL ? [] : LEFT_OUT,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
