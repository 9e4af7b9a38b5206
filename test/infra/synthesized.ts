import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDaybook, type Daybook } from "../../cdk/daybook.ts";
import type { Bundle } from "../../cdk/functions/bundle.ts";
import { FUNCTIONS, type FunctionName } from "../../cdk/functions/catalogue.ts";

/** A value of a template: text, or something that only the deployment knows. */
export type Value = unknown;

export type Resource = {
  readonly id: string;
  readonly Type: string;
  readonly Properties: Readonly<Record<string, Value>>;
  readonly [attribute: string]: Value;
};

export type Synthesized = {
  readonly daybook: Daybook;
  /** All resources of a type, over all stacks. */
  readonly all: (type: string) => readonly Resource[];
  /** The one whose name property shows as this text. */
  readonly named: (type: string, property: string, name: string) => Resource;
};

/** Functions without their code: what the stacks say of them does not depend on it. */
const emptyBundles = (folder: string): Readonly<Record<FunctionName, Bundle>> => {
  writeFileSync(join(folder, "index.mjs"), "export const handler = async () => {};\n");
  const bundle: Bundle = { folder, bytes: 0, metafile: { inputs: {}, outputs: {} } };
  return Object.fromEntries(Object.keys(FUNCTIONS).map(name => [name, bundle])) as Record<
    FunctionName,
    Bundle
  >; // one for each name
};

/** Synthesizes the whole app, with these context values. */
export const synthesize = (context: Readonly<Record<string, unknown>> = {}): Synthesized => {
  const folder = mkdtempSync(join(tmpdir(), "daybook-infra-"));
  const code = mkdtempSync(join(tmpdir(), "daybook-code-"));
  try {
    const daybook = createDaybook(emptyBundles(code), {
      outdir: folder,
      analyticsReporting: false,
      context: { "@aws-cdk/core:defaultCrossStackReferences": "strong", ...context },
    });
    const templates = daybook.app.synth().stacks.map(({ template }) => template);
    const resources: readonly Resource[] = templates.flatMap(({ Resources }) =>
      Object.entries<Omit<Resource, "id">>(Resources).map(
        ([id, resource]) => ({ id, ...resource }) as Resource,
      ),
    );
    const all = (type: string) => resources.filter(resource => resource.Type === type);
    return {
      daybook,
      all,
      named: (type, property, name) => {
        const found = all(type).find(({ Properties }) => shown(Properties[property]) === name);
        if (found === undefined) throw new Error(`Expected a ${type} called ${name}`);
        return found;
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(code, { recursive: true });
  }
};

/** A value as people write it: what the deployment knows in angle brackets, what another resource knows by its name. */
export const shown = (value: Value): string => {
  if (typeof value !== "object" || value === null) return String(value);
  const [[intrinsic, argument] = []] = Object.entries(value as Readonly<Record<string, Value>>);
  if (intrinsic === "Ref") return `<${argument}>`;
  if (intrinsic === "Fn::Join") {
    const [separator, parts] = argument as [string, readonly Value[]];
    return parts.map(shown).join(separator);
  }
  if (intrinsic === "Fn::GetAtt") return `<${(argument as readonly string[]).join(".")}>`;
  if (intrinsic === "Fn::ImportValue") return `<${shown(argument)}>`;
  return JSON.stringify(value);
};

/** Every text of a value, as `shown` writes it. */
export const texts = (value: Value): readonly string[] => {
  const list = Array.isArray(value) ? value : [value];
  return list.map(shown);
};

/** A statement of a policy, its parts always lists. */
export type Statement = {
  readonly sid: string;
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principal: Value;
  readonly condition: Readonly<Record<string, Readonly<Record<string, Value>>>>;
};

export const statementsOf = (document: Value): readonly Statement[] => {
  const { Statement: all } = document as { readonly Statement: readonly Readonly<Record<string, Value>>[] };
  return all.map(each => ({
    sid: shown(each.Sid),
    effect: shown(each.Effect),
    actions: texts(each.Action),
    resources: texts(each.Resource),
    principal: each.Principal,
    condition: (each.Condition ?? {}) as Statement["condition"],
  }));
};
