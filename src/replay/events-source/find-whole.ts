import { pMapIterable } from "p-map";
import type { AnyLedger } from "../../ledger/ledger.ts";
import { DECISIONS_PREFIX } from "../../ledger/names.ts";
import { nameOfRecord } from "../../ledger/publish.ts";
import { parseRecord, UnreadableRecord } from "../../ledger/record.ts";
import { BundleDamaged } from "../bundle/errors.ts";
import type { BundleManifest, ManifestPart } from "../bundle/format.ts";
import { objectsUnder } from "../bundle/place.ts";
import { listBundles, readBundleTexts, readIndex } from "../bundle/read-bundle.ts";
import { listedHeads } from "../snapshot/listed-heads.ts";
import type { WholeDecision } from "./known-decision.ts";
import type { Trouble } from "./trouble.ts";

/** As elsewhere from one prefix. */
const READS_AT_ONCE = 32;

export type FoundWhole = {
  readonly decisions: readonly WholeDecision[];
  readonly troubles: readonly Trouble[];
};

const wholeOf = (name: string, text: string, from: WholeDecision["from"]): WholeDecision | Trouble => {
  try {
    const record = parseRecord(text, name);
    if (nameOfRecord(record) === name) return { name, from, text, record };
    return { kind: "unreadable", key: name, detail: "holds the decision of another request" };
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    return { kind: "unreadable", key: name, detail: "holds no decision" };
  }
};

const sorted = (each: readonly (WholeDecision | Trouble)[]): FoundWhole => ({
  decisions: each.filter(found => "record" in found),
  troubles: each.filter(found => "kind" in found),
});

/** The decisions that are there, of all epochs: a GET each. Throws: what S3 throws. */
export const findPublished = async (
  { objects, decisionsBucket: bucket }: Pick<AnyLedger, "objects" | "decisionsBucket">,
  onProgress: (decisions: number) => void,
): Promise<FoundWhole> => {
  const found: (WholeDecision | Trouble)[] = [];
  const reading = pMapIterable(
    objectsUnder(objects, { bucket, prefix: DECISIONS_PREFIX }),
    async ({ key }) => {
      const got = await objects.get({ bucket, key });
      return got && wholeOf(key, Buffer.from(got.body).toString("utf8"), "published");
    },
    { concurrency: READS_AT_ONCE },
  );
  for await (const each of reading) {
    if (each !== undefined) found.push(each);
    onProgress(found.length);
  }
  return sorted(found);
};

/** A part of a bundle with decisions that are not there any more. */
export type WantedPart = { readonly manifest: BundleManifest; readonly part: ManifestPart };

/** The parts of bundles to be read, by their indices, which are never cold. Damaged ones are troubles. */
export const wantedParts = async (
  { objects, roles }: Pick<AnyLedger, "objects" | "roles">,
  published: ReadonlySet<string>,
): Promise<{ readonly wanted: readonly WantedPart[]; readonly troubles: readonly Trouble[] }> => {
  const shelf = { objects, archiveBucket: roles.archive };
  const wanted: WantedPart[] = [];
  const troubles: Trouble[] = [];
  await damageTold(troubles, async () => {
    for await (const manifest of listBundles(objects, roles.archive))
      for (const part of manifest.parts)
        await damageTold(troubles, async () => {
          const { entries } = await readIndex(shelf, part);
          if (entries.some(({ key }) => !published.has(key))) wanted.push({ manifest, part });
        });
  });
  return { wanted, troubles };
};

const damageTold = async (troubles: Trouble[], work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BundleDamaged)) throw error;
    troubles.push({ kind: "unreadable", key: error.key, detail: `of a bundle: ${error.reason}` });
  }
};

/** The decisions in parts of bundles that are not there any more. Throws: `ObjectFrozen` for a part that is cold. */
export const findBundled = async (
  { objects, roles }: Pick<AnyLedger, "objects" | "roles">,
  parts: readonly WantedPart[],
  published: ReadonlySet<string>,
): Promise<FoundWhole> => {
  const shelf = { objects, archiveBucket: roles.archive };
  const found: (WholeDecision | Trouble)[] = [];
  const troubles: Trouble[] = [];
  for (const { manifest, part } of parts)
    await damageTold(troubles, async () => {
      for await (const { key, text } of readBundleTexts(shelf, { ...manifest, parts: [part] }))
        if (!published.has(key)) found.push(wholeOf(key, text, "bundle"));
    });
  const { decisions, troubles: unreadable } = sorted(found);
  return { decisions, troubles: [...troubles, ...unreadable] };
};

/** The newest decisions of the live table's streams, each as its next commit would publish it. Throws: what the table throws. */
export const findInTable = async (ledger: AnyLedger): Promise<FoundWhole> => {
  const found = new Map<string, WholeDecision | Trouble>();
  for await (const { stream, last, epoch } of listedHeads(ledger)) {
    if (last === "" || epoch !== ledger.epoch) continue;
    const record = parseRecord(last, `the head of ${stream}`);
    if (record.epoch === ledger.epoch)
      found.set(nameOfRecord(record), wholeOf(nameOfRecord(record), last, "table"));
  }
  return sorted([...found.values()]);
};
