import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ATTRIBUTES_BYTES_MAX,
  ATTRIBUTES_DEPTH_MAX,
  type Attributes,
  attributesFault,
} from "../../../src/tracking/query/attributes.ts";
import { InvalidQuery } from "../../../src/tracking/query/invalid-query.ts";
import {
  type JsonPatch,
  PATCH_OPERATIONS_MAX,
  parsePatch,
  patchedAttributes,
} from "../../../src/tracking/query/json-patch.ts";

const patch = (operations: unknown): JsonPatch => parsePatch(JSON.stringify(operations));

const result = (before: Attributes, ...operations: readonly object[]) =>
  patchedAttributes(before, patch(operations));

describe("a patch", () => {
  // Source: RFC 6902, appendix A, with its numbers.
  it.each<[string, Attributes, object, Attributes]>([
    ["A.1", { foo: "bar" }, { op: "add", path: "/baz", value: "qux" }, { foo: "bar", baz: "qux" }],
    [
      "A.2",
      { foo: ["bar", "baz"] },
      { op: "add", path: "/foo/1", value: "qux" },
      { foo: ["bar", "qux", "baz"] },
    ],
    ["A.3", { baz: "qux", foo: "bar" }, { op: "remove", path: "/baz" }, { foo: "bar" }],
    ["A.4", { foo: ["bar", "qux", "baz"] }, { op: "remove", path: "/foo/1" }, { foo: ["bar", "baz"] }],
    ["A.5", { baz: "qux" }, { op: "replace", path: "/baz", value: "boo" }, { baz: "boo" }],
    [
      "A.6",
      { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
      { op: "move", from: "/foo/waldo", path: "/qux/thud" },
      { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
    ],
    [
      "A.7",
      { foo: ["all", "grass", "cows", "eat"] },
      { op: "move", from: "/foo/1", path: "/foo/3" },
      { foo: ["all", "cows", "eat", "grass"] },
    ],
    ["A.8", { foo: ["a", 2, "c"] }, { op: "test", path: "/foo/1", value: 2 }, { foo: ["a", 2, "c"] }],
    [
      "A.10",
      { foo: "bar" },
      { op: "add", path: "/child", value: { a: {} } },
      { foo: "bar", child: { a: {} } },
    ],
    ["A.11", { foo: "bar" }, { op: "add", path: "/baz", value: "qux", xyz: 123 }, { foo: "bar", baz: "qux" }],
    ["A.14", { "/": 9, "~1": 10 }, { op: "test", path: "/~01", value: 10 }, { "/": 9, "~1": 10 }],
    ["A.16", { foo: ["bar"] }, { op: "add", path: "/foo/-", value: ["abc"] }, { foo: ["bar", ["abc"]] }],
    ["copy", { a: [1] }, { op: "copy", from: "/a", path: "/b" }, { a: [1], b: [1] }],
    ["null is a value", { a: null }, { op: "replace", path: "/a", value: 1 }, { a: 1 }],
    ["the whole", { a: 1 }, { op: "replace", path: "", value: { b: 2 } }, { b: 2 }],
    ["nothing left", { a: 1 }, { op: "remove", path: "" }, {}],
    ["out of itself", { a: { b: { c: 1 } } }, { op: "move", from: "/a/b", path: "" }, { c: 1 }],
  ])("%s", (_name, before, operation, expected) => {
    expect(result(before, operation)).toEqual({ outcome: "patched", attributes: expected });
  });

  it.each<[string, Attributes, object]>([
    ["A.9 a test that fails", { baz: "qux" }, { op: "test", path: "/baz", value: "bar" }],
    ["A.12 no parent", { foo: "bar" }, { op: "add", path: "/baz/bat", value: "qux" }],
    ["A.15 text is no number", { n: 10 }, { op: "test", path: "/n", value: "10" }],
    ["a path out of the document", { a: 1 }, { op: "remove", path: "/b" }],
    ["a place behind the end", { l: [1] }, { op: "add", path: "/l/2", value: 1 }],
    ["a copy behind the end", { l: [1] }, { op: "copy", from: "/l/0", path: "/l/7" }],
    ["a place behind the end once it is shorter", { l: [1, 2] }, { op: "move", from: "/l/0", path: "/l/2" }],
    ["an index with a zero in front", { l: [1, 2] }, { op: "replace", path: "/l/01", value: 1 }],
    ["a name of an array", { l: [1, 2] }, { op: "remove", path: "/l/length" }],
    ["a name in an array", { l: [1] }, { op: "replace", path: "/l/x", value: 1 }],
    ["the element behind the last", { l: [1] }, { op: "remove", path: "/l/-" }],
    ["inside text", { a: "text" }, { op: "add", path: "/a/b", value: 1 }],
    ["inside a number", { a: 1 }, { op: "add", path: "/a/b", value: 1 }],
    ["inside null", { a: null }, { op: "add", path: "/a/b", value: 1 }],
    ["into itself", { a: { b: 1 } }, { op: "move", from: "/a", path: "/a/b/c" }],
    ["the prototype", {}, { op: "add", path: "/__proto__/x", value: 1 }],
    ["the constructor", {}, { op: "add", path: "/constructor/prototype/x", value: 1 }],
    ["what is inherited", {}, { op: "copy", from: "/toString", path: "/x" }],
    ["what is inherited, tested", {}, { op: "test", path: "/toString", value: 1 }],
    ["no object any more", { a: 1 }, { op: "replace", path: "", value: [] }],
    ["no object any more, moved", { a: 1 }, { op: "move", from: "/a", path: "" }],
    ["an empty name", {}, { op: "add", path: "/", value: 1 }],
  ])("is refused and changes nothing: %s", (_name, before, operation) => {
    const copy = structuredClone(before);
    const first = { op: "add", path: "/first", value: true };
    expect(result(before, first, operation)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("operation 1 ("),
    });
    expect(before).toEqual(copy);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it.each([
    ["no JSON", "[", "no JSON"],
    ["no array", "{}", "array of operations"],
    ["no object", "[1]", "Operation 0"],
    ["no known operation", '[{"op":"merge","path":""}]', "op is one of"],
    ["an operation of every object", '[{"op":"toString","path":""}]', "op is one of"],
    ["no path", '[{"op":"remove"}]', "JSON Pointer"],
    ["a path without a slash", '[{"op":"remove","path":"a"}]', "JSON Pointer"],
    ["a path with a bare tilde", '[{"op":"remove","path":"/a~2"}]', "JSON Pointer"],
    ["no from", '[{"op":"test","path":"","value":1},{"op":"copy","path":"/a"}]', "Operation 1"],
    ["no value", '[{"op":"add","path":"/a"}]', "needs a value"],
    ["an unsafe value", '[{"op":"add","path":"/a","value":{"__proto__":{"x":1}}}]', "not safe"],
    ["a number that is not kept", '[{"op":"add","path":"/a","value":12345678901234567890}]', "as text"],
    ["a number too large", '[{"op":"add","path":"/a","value":1e300}]', "as text"],
  ])("with %s is not read", (_name, text, message) => {
    expect(() => parsePatch(text)).toThrow(InvalidQuery);
    expect(() => parsePatch(text)).toThrow(message);
  });

  it("of too many operations is not read", () => {
    const test = { op: "test", path: "", value: {} };
    expect(patch(Array(PATCH_OPERATIONS_MAX).fill(test))).toHaveLength(PATCH_OPERATIONS_MAX);
    expect(() => patch(Array(PATCH_OPERATIONS_MAX + 1).fill(test))).toThrow(InvalidQuery);
  });

  it("that doubles a value again and again ends at the limit, soon", () => {
    const doubled = { op: "copy", from: "", path: "/again" };
    expect(result({ a: "x".repeat(1000) }, ...Array(900).fill(doubled))).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("at most"),
    });
  });

  it("compares long arrays soon", () => {
    const list = Array.from({ length: 5_000 }, (_, i) => i % 10);
    expect(result({ list }, { op: "test", path: "/list", value: list.toReversed() }).outcome).toBe("refused");
    expect(result({ list }, { op: "test", path: "/list", value: list }).outcome).toBe("patched");
  });

  it("never throws, and leaves attributes that can be kept or a reason", () => {
    const name = fc.constantFrom("a", "b", "0", "1", "-", "__proto__", "constructor", "length", "");
    const pointer = fc.array(name, { maxLength: 3 }).map(names => names.map(each => `/${each}`).join(""));
    const value = fc.jsonValue({ maxDepth: 2 });
    const operation = fc.record({
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
      path: pointer,
      from: pointer,
      value,
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), operations => {
        let read: JsonPatch;
        try {
          read = patch(operations);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidQuery);
          return;
        }
        const patched = patchedAttributes({ a: { b: [1, { a: "x" }] }, "0": "y" }, read);
        if (patched.outcome === "patched") expect(attributesFault(patched.attributes)).toBeUndefined();
        else expect(patched.reason).toMatch(/^operation \d/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("attributes", () => {
  const nested = (levels: number): Attributes => (levels === 1 ? {} : { a: nested(levels - 1) });

  it("end at a size and a depth", () => {
    const empty = Buffer.byteLength(JSON.stringify({ a: "" }));
    expect(attributesFault({ a: "x".repeat(ATTRIBUTES_BYTES_MAX - empty) })).toBeUndefined();
    expect(attributesFault({ a: "x".repeat(ATTRIBUTES_BYTES_MAX - empty + 1) })).toContain("at most");
    expect(attributesFault(nested(ATTRIBUTES_DEPTH_MAX))).toBeUndefined();
    expect(attributesFault(nested(ATTRIBUTES_DEPTH_MAX + 1))).toContain("levels");
  });

  it("hold no half characters, in names or values", () => {
    expect(attributesFault({ a: "\ud83d" })).toContain("half a character");
    expect(attributesFault({ "\ud83d": 1 })).toContain("half a character");
    expect(attributesFault({ "\u{1F600}": "\u{1F600}" })).toBeUndefined();
  });
});
