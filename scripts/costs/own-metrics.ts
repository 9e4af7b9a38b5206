import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FINDINGS } from "../../src/replay/reconcile/tally.ts";

const HANDLERS = fileURLToPath(new URL("../../src/handlers/", import.meta.url));

/** Metrics that the functions count: each by its name, the findings of reconcile, and one cold start for each function. */
export const ownMetrics = (functions: number): number => {
  const texts = readdirSync(HANDLERS).map(name => readFileSync(`${HANDLERS}${name}`, "utf8"));
  const names = texts.flatMap(text =>
    [...text.matchAll(/\.count\(\s*"([A-Za-z]+)"/g)].map(([, name]) => name),
  );
  return new Set(names).size + FINDINGS.length + functions;
};
