import { createRequire, syncBuiltinESMExports } from "node:module";
import type { InputType, ZlibOptions } from "node:zlib";

/**
 * Lets gzip and gunzip answer at once instead of from another thread, whose pace no tape decides. Imported before
 * everything else, since modules take these functions when they are loaded.
 */
const zlib = createRequire(import.meta.url)("node:zlib") as {
  -readonly [name in keyof typeof import("node:zlib")]: typeof import("node:zlib")[name];
};

type Done = (error: Error | null, result?: Buffer) => void;

const atOnce =
  (work: (input: InputType, options?: ZlibOptions) => Buffer) =>
  (input: InputType, ...rest: readonly unknown[]): void => {
    const done = rest.at(-1) as Done;
    const options = rest.length > 1 ? (rest[0] as ZlibOptions) : undefined;
    let result: Buffer;
    try {
      result = work(input, options);
    } catch (error) {
      done(error as Error);
      return;
    }
    done(null, result);
  };

zlib.gzip = atOnce((input, options) => zlib.gzipSync(input, { level: 1, ...options })) as typeof zlib.gzip;
zlib.gunzip = atOnce((input, options) => zlib.gunzipSync(input, options)) as typeof zlib.gunzip;
syncBuiltinESMExports();
