import type { SQSClientConfig } from '@aws-sdk/client-sqs';

const CONNECT_MS = 4_000;

/** What every client of the SDK is given. */
export interface SdkSettings {
  readonly logger: NonNullable<SQSClientConfig['logger']>;
  readonly requestHandler: Readonly<Record<string, number | boolean>>;
}

/**
 * Takes the SDK's warnings, which would go to the terminal. It has no `info`, or the SDK would make a copy of each request and
 * answer to hand over.
 */
const quiet = { trace() {}, debug() {}, warn() {}, error() {} } as unknown as SdkSettings['logger'];

export const sdkSettings = (timeoutMs: number): SdkSettings => ({
  logger: quiet,
  requestHandler: {
    connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
    requestTimeout: timeoutMs,
    throwOnRequestTimeout: true,
  },
});
