/** Integers past 2^53 stay whole: as BigInt, never as a rounded number. */
const longDigits = /\d{16}/;

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const keepIntegers: Reviver = (_key, value, { source }) => {
  if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
};

/** The payload as a value: parsed where it is JSON, the text itself where it is not. */
export function payloadValue(text: string): unknown {
  try {
    return longDigits.test(text)
      ? JSON.parse(text, keepIntegers as (key: string, value: unknown) => unknown)
      : JSON.parse(text);
  } catch {
    return text;
  }
}

/** Where the payload lies instead, when a client with a store for large ones (S3) has left only a pointer in the message. */
export function payloadPointer(text: string): string | undefined {
  if (!/^\s*\[\s*"[\w.]*S3Pointer"/.test(text)) return undefined;
  const [, place] = payloadValue(text) as [unknown, { s3BucketName?: unknown; s3Key?: unknown } | undefined];
  const { s3BucketName: bucket, s3Key: key } = place ?? {};
  return typeof bucket === 'string' && typeof key === 'string' ? `s3://${bucket}/${key}` : undefined;
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** JSON text of a value that may hold BigInts; the counterpart of `payloadValue`. */
export const toJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? rawJson(String(item)) : item), indent);
