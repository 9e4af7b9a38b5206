/** What happened, as a running fingerprint and the last of it in words. */
export type Trace = {
  add(line: string): void;
  /** Of everything added so far: 16 hex digits. Equal traces have equal ones; it proves nothing to an adversary. */
  fingerprint(): string;
  last(): readonly string[];
  readonly length: number;
};

const KEPT = 200;

/** Source of the mix: cyrb53 by bryc (public domain), kept running. */
export const createTrace = (isLoud = false): Trace => {
  const kept: string[] = [];
  let length = 0;
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  return {
    add: line => {
      for (let at = 0; at < line.length; at += 1) {
        const unit = line.charCodeAt(at);
        a = Math.imul(a ^ unit, 2_654_435_761);
        b = Math.imul(b ^ unit, 1_597_334_677);
      }
      a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
      b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
      kept[length % KEPT] = line;
      length += 1;
      if (isLoud) process.stderr.write(`${line}\n`);
    },
    fingerprint: () => [a, b].map(half => (half >>> 0).toString(16).padStart(8, "0")).join(""),
    last: () =>
      Array.from(
        { length: Math.min(length, KEPT) },
        (_, i) => kept[(length - Math.min(length, KEPT) + i) % KEPT] ?? "",
      ),
    get length() {
      return length;
    },
  };
};
