/**
 * Width of a stored sequencer, in hexadecimal digits. S3 has been seen to send 16 and 18; 32 leaves room and keeps
 * a sort key far below its limit.
 */
export const SEQUENCER_WIDTH = 32;

/** The rank of an observation without a sequencer: below every sequencer. */
export const NO_SEQUENCER = "";

const HEXADECIMAL = /^[0-9A-F]+$/;

/**
 * Brings a sequencer into the one form that compares as text.
 *
 * Shape:   hexadecimal text of any case and length; leading zeros do not matter.
 * Returns: upper case, padded left with zeros to `SEQUENCER_WIDTH`; `undefined` if it is not hexadecimal or has more
 *          significant digits than that.
 * Source:  Amazon S3 User Guide, "Event message structure": the shorter one is padded left. Older guides pad right,
 *          which gives another order as soon as lengths differ (filemanager vectors E22, E23).
 */
export const normaliseSequencer = (text: string): string | undefined => {
  const digits = text.toUpperCase();
  if (!HEXADECIMAL.test(digits)) return undefined;
  const significant = digits.replace(/^0+/, "");
  return significant.length > SEQUENCER_WIDTH ? undefined : significant.padStart(SEQUENCER_WIDTH, "0");
};

/**
 * Orders two normalised sequencers of one (bucket, key); they say nothing about different keys.
 *
 * Returns: negative, 0 or positive, as for Array.sort; none (`undefined`) is below all.
 */
export const compareSequencers = (left: string | undefined, right: string | undefined): number =>
  compareText(left ?? NO_SEQUENCER, right ?? NO_SEQUENCER);

/** Orders two texts by their UTF-16 code units: the same on every machine, whatever its locale. */
export const compareText = (left: string, right: string): number => {
  if (left === right) return 0;
  return left < right ? -1 : 1;
};
