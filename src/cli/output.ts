import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Where a command's words go: data to stdout, talk to stderr, colours only on a terminal that wants them. */
export type Output = {
  readonly isJson: boolean;
  /** One line, or several, of data. */
  data(text: string): void;
  /** One JSON document. */
  json(value: unknown): void;
  /** What is going on, for people, with `--json` too. */
  talk(text: string): void;
  /** Text in a style, plain where colours are not wanted. */
  paint(style: Style, text: string): string;
};

const asLines = (text: string): string => (text.endsWith("\n") ? text : `${text}\n`);

/**
 * Text for a terminal: whatever an object's key holds, it must not move the cursor or change a setting. Line feeds, tabs
 * and colours stay; other control characters are shown as a sign for what cannot be shown.
 */
export const printable = (text: string): string =>
  text.replace(/(\p{Cc}\[[0-9;]*m)|[^\P{Cc}\n\t]/gu, (_, colour: string | undefined) => colour ?? "\uFFFD");

const forStream = (stream: NodeJS.WriteStream, text: string): string =>
  asLines(stream.isTTY ? printable(text) : text);

export const createOutput = (isJson: boolean): Output => ({
  isJson,
  data: text => void process.stdout.write(isJson ? asLines(text) : forStream(process.stdout, text)),
  json: value => void process.stdout.write(`${JSON.stringify(value)}\n`),
  talk: text => void process.stderr.write(forStream(process.stderr, text)),
  // styleText itself heeds NO_COLOR and whether the stream is a terminal.
  paint: (style, text) => styleText(style, text, { stream: process.stdout }),
});

/**
 * Lets a command go on when a reader of its output leaves early, as `head` does: files are still put, a cloud stays up.
 * Output that cannot be written for another reason, such as a full disk, ends it with 1.
 */
export const outliveReaders = (): void => {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      if (stream !== process.stderr) process.stderr.write(`Cannot write the output: ${error.message}\n`);
      process.exit(1);
    });
};

/** The command was understood and cannot be done: exit 1. The message says what, which, why and what to do. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** The command was not understood: exit 2. */
export class Misused extends Error {
  override readonly name = "Misused";
}
