import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fixture, fixtureManifest } from "../inventory/reports.ts";

/** Copies a real report into a folder. Returns: the path of its manifest.checksum. */
export const copyFixtures = (folder: string, report: string): string => {
  mkdirSync(folder, { recursive: true });
  const data = fixtureManifest(report).files.map(({ key }) => key);
  for (const name of [`${report}_manifest.json`, `${report}_manifest.checksum`, ...data])
    writeFileSync(join(folder, name), fixture(name));
  return join(folder, `${report}_manifest.checksum`);
};

/** Changes one bit in the middle of a file. */
export const damage = (path: string): void => {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
};
