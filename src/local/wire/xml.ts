import { XMLParser } from "fast-xml-parser";
import { S3Error } from "../s3/s3-error.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

export const escaped = (text: string): string => text.replace(/[&<>"\r]/g, found => ESCAPES[found] ?? found);

type Content = string | number | boolean | undefined | readonly string[];

/** An element with text. Absent for absent content, so that optional elements need no condition. */
export const leaf = (name: string, content: Content): string =>
  content === undefined ? "" : `<${name}>${escaped(String(content))}</${name}>`;

/** An element with elements. */
export const element = (name: string, ...children: readonly string[]): string =>
  `<${name}>${children.join("")}</${name}>`;

const PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document whose root is in the namespace. */
export const xmlDocument = (root: string, namespace: string, ...children: readonly string[]): string =>
  `${PROLOGUE}<${root} xmlns="${namespace}">${children.join("")}</${root}>`;

export const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

export const s3Document = (root: string, ...children: readonly string[]): string =>
  xmlDocument(root, S3_NAMESPACE, ...children);

export const errorDocument = (facts: Readonly<Record<string, string>>): string =>
  `${PROLOGUE}${element("Error", ...Object.entries(facts).map(([name, text]) => leaf(name, text)))}`;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  removeNSPrefix: true,
});

/** A parsed element: its children by name; text where it has none. */
export type XmlNode = { readonly [name: string]: unknown };

const isNode = (value: unknown): value is XmlNode =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const malformed = (): S3Error =>
  new S3Error(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
  );

/** The children of the document's root. Throws: S3Error MalformedXML. */
export const parsedRoot = (text: string, root: string): XmlNode => {
  let parsed: unknown;
  try {
    parsed = parser.parse(text, true);
  } catch {
    throw malformed();
  }
  const found = isNode(parsed) ? parsed[root] : undefined;
  if (found === undefined) throw malformed();
  return isNode(found) ? found : {};
};

/** The elements of that name: none, one or several. */
export const children = (node: XmlNode, name: string): readonly XmlNode[] => {
  const found = node[name];
  const all = Array.isArray(found) ? found : found === undefined ? [] : [found];
  return all.map(item => (isNode(item) ? item : {}));
};

export const child = (node: XmlNode, name: string): XmlNode | undefined => children(node, name)[0];

/** Text of the elements of that name. */
export const texts = (node: XmlNode, name: string): readonly string[] => {
  const found = node[name];
  const all: readonly unknown[] = Array.isArray(found) ? found : found === undefined ? [] : [found];
  return all.map(item => (typeof item === "string" ? item : ""));
};

export const text = (node: XmlNode, name: string): string | undefined => texts(node, name)[0];

/** Text that must be there. Throws: S3Error MalformedXML. */
export const requiredText = (node: XmlNode, name: string): string => {
  const found = text(node, name);
  if (found === undefined) throw malformed();
  return found;
};

/** A whole number where there is one. Throws: S3Error MalformedXML. */
export const integer = (node: XmlNode, name: string): number | undefined => {
  const found = text(node, name);
  if (found === undefined) return undefined;
  if (!/^\s*\d+\s*$/.test(found)) throw malformed();
  return Number(found);
};
