import type { Group } from "./group.ts";
import type { Bridge } from "./ports.ts";
import { RUN_ID_VAR } from "./processes.ts";
import type { Env } from "./read-variable.ts";
import type { RunFolder } from "./run-folder.ts";

/** What any program may need of its surroundings, and no secret. */
const MINIMAL = /^(PATH|HOME|USER|LOGNAME|SHELL|TZ|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+)$/;

/**
 * The variables of a handler: those of the bridge, or only harmless ones, and what it is to work on.
 * Source: S3 Event Bridge, `ROOT_FOLDER_VAR`, `BUCKET_VAR`, `KEY_PREFIX_VAR`.
 */
export const handlerEnvironment = (
  { env, settings }: Pick<Bridge, "env" | "settings">,
  { bucket, prefix }: Group,
  { folder, eventsFile }: { readonly folder: RunFolder; readonly eventsFile: string },
): Env => ({
  ...(settings.handlerEnv === "inherit" ? env : minimal(env)),
  [settings.rootFolderVar]: folder.root,
  [settings.bucketVar]: bucket,
  [settings.keyPrefixVar]: prefix,
  [settings.eventsFileVar]: eventsFile,
  TARGET_BUCKET: settings.targetBucket ?? bucket,
  [RUN_ID_VAR]: folder.id,
});

const minimal = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => MINIMAL.test(name)));
