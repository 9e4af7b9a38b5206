import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** In hexadecimal digits. */
export const md5OfFile = async (path: string): Promise<string> => {
  const hash = createHash("md5");
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest("hex");
};
