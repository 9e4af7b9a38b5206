import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secondsOfInstant } from "../../src/domain/instant.ts";
import { type JsonValue, parseJsonObject } from "../../src/domain/json.ts";
import { decodeUtf8, utf8Length } from "../../src/domain/utf8.ts";
import { NOON_SECONDS } from "./book.ts";

const RUNS = Number(process.env.RUNS ?? 1);

describe("bytes", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const platform = (bytes: Uint8Array): string | undefined => {
    try {
      return decoder.decode(bytes);
    } catch {
      return undefined;
    }
  };
  // Bytes near the borders of the encoding, where decoders go wrong.
  const nasty = fc.constantFrom(
    0,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xbb,
    0xf0,
    0xf4,
    0xf5,
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.array(nasty, { maxLength: 8 }).map(list => Uint8Array.from(list)),
    fc.string({ unit: "binary" }).map(text => new TextEncoder().encode(text)),
  );

  test("are text exactly where the platform's strict decoder says so", () => {
    fc.assert(
      fc.property(bytes, some => {
        expect(decodeUtf8(some)).toBe(platform(some));
      }),
      { numRuns: 10_000 * RUNS },
    );
  });

  test("are counted as the platform encodes them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), text => {
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });
});

describe("JSON", () => {
  const plain = (value: JsonValue): unknown => JSON.parse(JSON.stringify(value));
  const twice = /"(?:[^"\\]|\\.)*"/;

  test("is read as the platform reads it", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const read = parseJsonObject(JSON.stringify(value, null, indent));
        expect(read.ok && plain(read.value)).toEqual(plain(JSON.parse(JSON.stringify(value))));
      }),
      { numRuns: 1_000 * RUNS },
    );
  });

  test("is refused where the platform refuses it, when one character of it is damaged", () => {
    const object = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 2 }), { minKeys: 1 });
    const damage = fc.constantFrom(
      "",
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "0",
      "-",
      ".",
      "e",
      "\n",
      "\u0085",
      "u",
      "t",
      " ",
    );
    fc.assert(
      fc.property(object, fc.nat(), damage, (value, where, instead) => {
        const text = JSON.stringify(value);
        const at = where % text.length;
        const damaged = text.slice(0, at) + instead + text.slice(at + 1);
        let platform: unknown;
        try {
          platform = JSON.parse(damaged);
        } catch {
          platform = undefined;
        }
        const read = parseJsonObject(damaged);
        if (read.ok) expect(plain(read.value)).toEqual(plain(platform as JsonValue));
        else if (read.code === "MALFORMED_JSON")
          expect(typeof platform === "object" && platform !== null && !Array.isArray(platform)).toBe(false);
        else expect(twice.test(damaged)).toBe(true);
      }),
      { numRuns: 3_000 * RUNS },
    );
  });

  test.each([
    '{"a":1,"a":1}',
    '{"a":{"b":1,"\\u0062":2}}',
    '{"x":[{"":1,"":1}]}',
    '{"__proto__":1,"__proto__":2}',
  ])("a name that occurs twice is found: %s", text =>
    expect(parseJsonObject(text)).toMatchObject({ ok: false, code: "DUPLICATE_JSON_KEY" }),
  );

  test("names are nothing special, and the same name may occur in different objects", () => {
    const read = parseJsonObject('{"a":{"a":1},"b":[{"a":2},{"a":3}],"constructor":1,"__proto__":{"x":1}}');
    expect(read.ok && Object.keys(read.value)).toEqual(["a", "b", "constructor", "__proto__"]);
    expect(read.ok && read.value.x).toBeUndefined();
  });

  test("nesting without end is refused, not followed", () => {
    expect(parseJsonObject(`{"a":${"[".repeat(60_000)}`)).toMatchObject({
      ok: false,
      code: "MALFORMED_JSON",
    });
    expect(parseJsonObject(`{"a":${"[".repeat(15)}${"]".repeat(15)}}`)).toMatchObject({ ok: true });
  });
});

test("instants are read as the platform reads them, years and leap days included", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
      date => {
        expect(secondsOfInstant(date.toISOString())).toBe(Math.floor(date.getTime() / 1000));
      },
    ),
    { numRuns: 1_000 * RUNS },
  );
  expect(secondsOfInstant("2026-05-06T12:00:00Z")).toBe(NOON_SECONDS);
  for (const wrong of ["", "2026-05-06", "2026-05-06T12:00:00", "2026-05-06T12:00:00+02:00"])
    expect(() => secondsOfInstant(wrong)).toThrow("Expected an ISO instant");
});
