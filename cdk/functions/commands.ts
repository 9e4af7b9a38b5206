import type { Metafile } from "esbuild";

const COMMAND_FILE = /@aws-sdk\/client-[a-z0-9-]+\/dist-es\/commands\/([A-Za-z0-9]+)Command\.js$/;

/** Names of the SDK commands that are really in a bundle: what was shaken off has no bytes left. */
export const commandsIn = ({ outputs }: Metafile): readonly string[] => {
  const inputs = Object.values(outputs).flatMap(output => Object.entries(output.inputs));
  const names = inputs.flatMap(([path, { bytesInOutput }]) => {
    const name = COMMAND_FILE.exec(path)?.[1];
    return name === undefined || bytesInOutput === 0 ? [] : [name];
  });
  return [...new Set(names)].sort();
};
