import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile } from "esbuild";
import { FUNCTIONS, type FunctionName } from "./catalogue.ts";
import { lambdaOnly } from "./lambda-only.ts";
import type { FunctionSpec } from "./spec.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Beside what `up` keeps: git knows neither. */
export const BUNDLES = join(ROOT, ".daybook/bundles");

/** One function's code, as it is deployed. */
export type Bundle = {
  /** `index.mjs`, and the pieces that it loads late. */
  readonly folder: string;
  /** Of all its files. */
  readonly bytes: number;
  readonly metafile: Metafile;
};

/** CommonJS packages in an ES module ask for `require`. */
const BANNER =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/** Bundles one function into a folder of its own. Throws: what esbuild finds wrong. */
export const bundleFunction = async (spec: FunctionSpec, into: string = BUNDLES): Promise<Bundle> => {
  const folder = join(into, spec.name);
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [spec.entry],
    outdir: folder,
    entryNames: "index",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // Otherwise esbuild keeps whole every package that is loaded late.
    splitting: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    // ES modules first, so that what is not used falls away.
    mainFields: ["module", "main"],
    banner: { js: BANNER },
    legalComments: "none",
    metafile: true,
    logLevel: "error",
    plugins: [lambdaOnly(spec)],
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  writeFileSync(join(into, `${spec.name}.meta.json`), JSON.stringify(metafile));
  return { folder, bytes, metafile };
};

/** Bundles every function. */
export const bundleAll = async (into: string = BUNDLES): Promise<Readonly<Record<FunctionName, Bundle>>> => {
  const bundles: [string, Bundle][] = [];
  for (const spec of Object.values<FunctionSpec>(FUNCTIONS))
    bundles.push([spec.name, await bundleFunction(spec, into)]);
  return Object.fromEntries(bundles) as Record<FunctionName, Bundle>; // one for each name of the catalogue
};
