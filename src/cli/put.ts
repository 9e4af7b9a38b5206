import { basename } from "node:path";
import { connect } from "./connect.ts";
import type { Output } from "./output.ts";
import { readInput } from "./read-input.ts";

/**
 * `daybook put FILE...`: stores each file as a request under its own name, and does not wait for the decision.
 *
 * A file whose key is taken already is left alone and said to be there: the first content of a key stands. A request
 * that is too large is put all the same and then refused, which is an answer too.
 */
export const putCommand = async (
  files: readonly string[],
  isAws: boolean,
  output: Output,
): Promise<number> => {
  // All are read before the first is put: a name mistyped puts nothing.
  const bodies = files.map(file => ({ key: basename(file), body: readInput(file) }));
  const { app, clients } = await connect(isAws);
  const bucket = app.config.buckets.newEvents;
  try {
    for (const { key, body } of bodies) {
      const { outcome } = await app.ledger.objects.put({ bucket, key, body, ifAbsent: true });
      const result = outcome === "stored" ? "stored" : "already there";
      if (output.isJson) output.json({ bucket, key, result });
      else output.data(`${result}  s3://${bucket}/${key}`);
    }
    if (output.isJson) output.json({ type: "summary", files: files.length });
    return 0;
  } finally {
    clients.close();
  }
};
