import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { eventsPage } from "./docs/events-page.ts";
import { localCloudPage } from "./docs/local-cloud-page.ts";
import { simulationPage } from "./docs/simulation-page.ts";
import { tablePage } from "./docs/table-page.ts";

export type Page = { readonly path: string; readonly text: string };

/** The pages made from the code, by path from the root of the repository. */
export const generatedPages = (): readonly Page[] => [
  { path: "docs/EVENTS.md", text: eventsPage() },
  { path: "docs/LOCAL-CLOUD.md", text: localCloudPage() },
  { path: "docs/SIMULATION.md", text: simulationPage() },
  { path: "docs/TABLE.md", text: tablePage() },
];

const fileOf = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const isFresh = async ({ path, text }: Page): Promise<boolean> =>
  (await readFile(fileOf(path), "utf8").catch(() => undefined)) === text;

/** The pages whose files differ from what the code says. */
export const stalePages = async (): Promise<readonly Page[]> => {
  const pages = generatedPages();
  const fresh = await Promise.all(pages.map(isFresh));
  return pages.filter((_, index) => !fresh[index]);
};

const run = async (mode: string | undefined): Promise<number> => {
  const stale = await stalePages();
  for (const { path, text } of stale) {
    if (mode === "--check") console.error(`${path} is stale: run \`npm run docs\` and commit it.`);
    else await writeFile(fileOf(path), text);
  }
  return mode === "--check" && stale.length > 0 ? 1 : 0;
};

if (import.meta.main) process.exitCode = await run(process.argv[2]);
