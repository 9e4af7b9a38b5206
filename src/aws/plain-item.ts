import type { AttributeValue } from "@aws-sdk/client-dynamodb-streams";
import type { Item, Key, Value } from "../table/store.ts";

type Image = Readonly<Record<string, AttributeValue>>;

/** An item of a stream as the store gives it. Throws: an error for binaries and sets, which the store never writes. */
export const plainItem = (image: Image): Item => ({ ...plainFields(image), ...keyOfImage(image) });

/** The key in an image. */
export const keyOfImage = ({ PK, SK }: Image): Key => {
  if (PK?.S === undefined || SK?.S === undefined) throw new Error("Expected a stream record with PK and SK");
  return { PK: PK.S, SK: SK.S };
};

const plainFields = (image: Image): { [name: string]: Value } =>
  Object.fromEntries(Object.entries(image).map(([name, value]) => [name, plainValue(value, name)]));

const plainValue = (value: AttributeValue, name: string): Value => {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  if (value.L !== undefined) return value.L.map(each => plainValue(each, name));
  if (value.M !== undefined) return plainFields(value.M);
  // DynamoDB Local's streams (3.3.1) leave the type out of an empty map, and of nothing else.
  if (Object.keys(value).length === 0) return {};
  throw new Error(`Expected text, number, boolean, null, list or map in ${name}, got ${Object.keys(value)}`);
};
