/** An object that Daybook wrote holds something else now. The message says which, and what to do. */
export class ObjectDamaged extends Error {
  override readonly name = "ObjectDamaged";

  constructor(bucket: string, key: string, expected: string) {
    super(
      `s3://${bucket}/${key} does not hold ${expected}: somebody else wrote it. Put its former version back; the bucket keeps all.`,
    );
  }
}

/** The JSON that an object of Daybook's own holds. `expected` is for the message. Throws: `ObjectDamaged`. */
export const jsonIn = (
  body: Uint8Array,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  expected: string,
): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    throw new ObjectDamaged(bucket, key, expected);
  }
};
