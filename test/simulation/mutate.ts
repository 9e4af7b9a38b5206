import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The text with a mutant's edits of that file. Throws: unless each fragment occurs exactly once. */
export const mutated = (text: string, file: string, { name, edits }: Mutant): string =>
  edits
    .filter(edit => edit.file === file)
    .reduce((changed, { from, to }) => {
      const times = changed.split(from).length - 1;
      if (times !== 1)
        throw new Error(`Expected the fragment of mutant ${name} once in ${file}, found it ${times} times.`);
      return changed.replace(from, () => to);
    }, text);

/**
 * Changes the named files as they are loaded, in this process and nowhere else: no file is written, and the product
 * knows nothing of it. Before the first import of them.
 */
export const loadMutated = (mutant: Mutant): void => {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      const file = url.startsWith("file:") ? fileURLToPath(url).slice(ROOT.length) : "";
      if (!mutant.edits.some(edit => edit.file === file)) return loaded;
      return { ...loaded, source: mutated(String(loaded.source), file, mutant) };
    },
  });
};
