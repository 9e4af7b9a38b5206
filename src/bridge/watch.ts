import type { MessageSource, ReceivedMessage } from "../ports/message-source.ts";
import { keepUp } from "./keep-up.ts";
import type { Bridge } from "./ports.ts";
import { type BatchReport, runBatch } from "./run-batch.ts";

/** SQS waits no longer. Source: Amazon SQS Developer Guide, "Short and long polling". */
const WAIT_SECONDS_MAX = 20;
/** Messages of a watcher that died come back after it. */
const HIDDEN_SECONDS = 60;
/** Three chances to be heard before they do. */
const BEAT_MS = 20_000;
/** After a queue that could not be asked. Doubles up to the maximum. */
const PAUSE_MS = 300;
const PAUSE_MS_MAX = 60_000;
/** What failed comes again after this, so that a handler that fails at once does not fail all the time. */
const RETRY_SECONDS = 5;
/** A watcher's batch has the handler's own time limit and no other. */
const NO_END_MS = Number.MAX_SAFE_INTEGER;

/**
 * Takes messages from a queue until it is stopped: works on a batch, deletes the messages that are done with, hands back
 * those that failed, and keeps all of them hidden meanwhile. A stop ends the wait for messages at once, the batch that
 * runs when it is done.
 *
 * Throws: what the queue throws at the first receive, which then is misnamed or closed to us; later failures are waited out.
 */
export const watch = async (
  bridge: Bridge,
  source: MessageSource,
  {
    signal,
    waitSeconds = WAIT_SECONDS_MAX,
    onBatch = () => {},
  }: {
    readonly signal: AbortSignal;
    readonly waitSeconds?: number;
    readonly onBatch?: (report: BatchReport) => void;
  },
): Promise<void> => {
  let failures = 0;
  let isProven = false;
  while (!signal.aborted) {
    try {
      const messages = await source.receive({ waitSeconds, hiddenSeconds: HIDDEN_SECONDS, signal });
      isProven = true;
      if (messages.length > 0) onBatch(await workOff(bridge, source, messages));
      failures = 0;
    } catch (error) {
      if (!isProven) throw error;
      failures += 1;
      bridge.log.error("The queue did not do it", { failures, reason: String(error) });
      await pause(bridge, signal, Math.min(PAUSE_MS * 2 ** failures, PAUSE_MS_MAX));
    }
  }
};

const workOff = async (
  bridge: Bridge,
  source: MessageSource,
  messages: readonly ReceivedMessage[],
): Promise<BatchReport> => {
  const stop = keepHidden(bridge, source, messages);
  try {
    const report = await runBatch(bridge, messages, { remainingMs: () => NO_END_MS });
    await stop();
    for (const message of messages) {
      if (!report.failed.has(message.id)) await source.delete(message);
      else if (!report.busy.has(message.id)) await source.hide(message, RETRY_SECONDS);
    }
    return report;
  } finally {
    await stop();
  }
};

/** Extends the time the messages are hidden, until the answer is called. */
const keepHidden = (
  { time, log }: Bridge,
  source: MessageSource,
  messages: readonly ReceivedMessage[],
): (() => Promise<void>) =>
  keepUp(time, BEAT_MS, async () => {
    for (const message of messages)
      await source.hide(message, HIDDEN_SECONDS).catch((error: unknown) =>
        // Then it may come to somebody else too, who finds that it is being worked on.
        log.warn("A message could not be kept", { messageId: message.id, reason: String(error) }),
      );
  });

const pause = ({ time }: Bridge, signal: AbortSignal, delayMs: number): Promise<void> =>
  new Promise(resolve => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = time.alarm(delayMs, end);
    signal.addEventListener("abort", end);
  });
