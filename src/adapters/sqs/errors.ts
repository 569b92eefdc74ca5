import { type ErrorKind, JobctlError } from '../../domain/errors.ts';
import { policyNote } from './permissions.ts';

/** What a call was about, for messages. */
export interface Asked {
  /** As IAM writes it, without the service where that is SQS: `ReceiveMessage`, `lambda:GetFunctionConfiguration`. */
  readonly action: string;
  /** ARN or URL of the queue, `*` where there is none. */
  readonly on: string;
  readonly where: string;
}

interface SdkError extends Error {
  readonly code?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** The name of the error without the prefixes of the old protocol: `QueueDoesNotExist`, `ECONNREFUSED`. */
export function nameOf(error: unknown): string {
  const { name, code, Code } = (error instanceof Error ? error : {}) as SdkError;
  const known = code !== undefined && /^E[A-Z_]+$/.test(code) ? code : name === 'Error' ? (Code ?? code ?? '') : name;
  const bare = (known ?? '').replace(/^.*[#.]/, '').replace(/(?<=.)Exception$/, '');
  return synonyms[bare] ?? bare;
}

const synonyms: Readonly<Record<string, string>> = {
  NonExistentQueue: 'QueueDoesNotExist',
  AccessDeniedError: 'AccessDenied',
  UnknownOperation: 'InvalidAction',
  UnsupportedOperation: 'InvalidAction',
  RequestThrottled: 'Throttling',
  KmsThrottled: 'Throttling',
  TooManyRequests: 'Throttling',
  ThrottlingException: 'Throttling',
};

const statusOf = (error: unknown): number | undefined =>
  (error as SdkError)?.$metadata?.httpStatusCode ?? (error as SdkError)?.$response?.statusCode;

/** SQS itself refused: nothing was done. Without such an answer nobody knows. */
export function isRefusal(error: unknown): boolean {
  if (isThrottle(error)) return true;
  const status = statusOf(error);
  if (status !== undefined) return status >= 400 && status < 500;
  // no connection was ever made, or the call was never made up
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|CredentialsProviderError|TokenProviderError)$/.test(nameOf(error));
}

const named = (action: string): string => (action.includes(':') ? action : `sqs:${action}`);

export const isThrottle = (error: unknown): boolean => nameOf(error) === 'Throttling' || statusOf(error) === 429;

type Mapping = readonly [
  test: RegExp,
  kind: ErrorKind,
  what: (asked: Asked, message: string) => string,
  next: string[],
];

const mappings: readonly Mapping[] = [
  [
    /^(CredentialsProvider|CredentialsProviderError|TokenProviderError)$/,
    'unreachable',
    (_, message) => `No AWS credentials: ${message.replace(/\.$/, '')}.`,
    ['aws sso login   # or name a profile: --profile NAME', 'Or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret.'],
  ],
  [
    /^(ExpiredToken|RequestExpired|ExpiredTokenException)$/,
    'unreachable',
    ({ where }) => `The AWS session has expired: ${where} no longer takes its token.`,
    ['aws sso login   # with --profile NAME where you use one', 'Then run it again.'],
  ],
  [
    /^(InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignature)$/,
    'unreachable',
    ({ where }, message) => `${where} does not know these AWS credentials: ${message}`,
    ['Is it the right profile and region? aws sts get-caller-identity', 'A clock that is wrong does this too.'],
  ],
  [
    /^(AccessDenied|AuthorizationError|OptInRequired)$/,
    'unreachable',
    ({ action, on, where }, message) =>
      `Access denied: ${named(action)} on ${deniedOn(message) ?? on} (${where}). ${message}`,
    ['Ask for that action on that ARN in the policy of the role, or use another --profile.'],
  ],
  [
    /^Kms/,
    'unreachable',
    ({ action, on }, message) => `${named(action)} on ${on} failed because of the queue's KMS key: ${message}`,
    ['Check that the key is enabled, and kms:Decrypt and kms:GenerateDataKey on it.'],
  ],
  [
    /^QueueDoesNotExist$/,
    'usage',
    ({ on, where }) => `There is no queue ${on} in ${where}.`,
    ['jobctl stats   # lists the queues', 'Another region or account? --region, --profile'],
  ],
  [
    /^Throttling$/,
    'unreachable',
    ({ action, where }) => `${where} throttles ${named(action)}: too many calls.`,
    ['Try again in a moment, or go slower with --rate.'],
  ],
  [
    /^OverLimit$/,
    'unreachable',
    ({ on }) => `Too many messages of ${on} are in flight (the limit is about 120,000).`,
    ['Wait until the visibility timeout of those that others hold has passed.'],
  ],
  [
    /^(ResourceConflict|ResourceInUse|Conflict|ConcurrentModification)$/,
    'locked',
    ({ on }, message) => `Another change to ${on} is under way at AWS: ${message}`,
    ['Wait until it has ended, such as a deploy, then try again.'],
  ],
  [
    /^ManagedRule$/,
    'refused',
    ({ on }) => `${on} is managed by an AWS service, which alone may change it.`,
    ['Stop it in the service that made it: aws events describe-rule shows ManagedBy.'],
  ],
  [
    /^PurgeQueueInProgress$/,
    'locked',
    ({ on }) => `${on} was purged less than 60 seconds ago; SQS allows one purge a minute.`,
    ['Try again in a minute.'],
  ],
  [
    /^(InvalidAction|InvalidSecurity|InvalidAddress)$/,
    'unsupported',
    ({ action, where }, message) => `${where} does not take ${named(action)}: ${message}`,
    ['Is the endpoint really SQS, and is it the right one?'],
  ],
  [
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/,
    'unreachable',
    ({ where }, message) => `${where} cannot be reached: ${message}`,
    [
      'Check the region, the network, and where it is not AWS the endpoint: --endpoint-url and AWS_ENDPOINT_URL_SQS for SQS, AWS_ENDPOINT_URL_LAMBDA and the like for the others.',
    ],
  ],
  [
    /^(Timeout|TimeoutError|AbortError|RequestTimeout|ETIMEDOUT)$/,
    'unreachable',
    ({ action, where }) => `No answer from ${where} to ${named(action)}.`,
    ['Check the network, then try again; --timeout changes the bound.'],
  ],
  [
    /^(ECONNRESET|EPIPE|InternalError|InternalFailure|ServiceUnavailable)$/,
    'unreachable',
    ({ action, where }, message) => `${where} gave no proper answer to ${named(action)}: ${message}`,
    ['Try again when the service is back.'],
  ],
  [
    /^SyntaxError$/,
    'unreachable',
    ({ where }) => `What answers at ${where} is not SQS.`,
    ['Check the endpoint: AWS_ENDPOINT_URL_SQS, --endpoint-url.'],
  ],
];

/** The ARN in the message of a denial, which is more exact than what was asked about. */
const deniedOn = (message: string): string | undefined => /on resource: (arn:\S+)/.exec(message)?.[1];

const isServerFault = (error: unknown): boolean => (statusOf(error) ?? 0) >= 500;

/** For one of many messages, of which only a line is kept: what a role lacks comes with the file of policies that has it. */
export function lineOf(error: Error): string {
  const policy = error instanceof JobctlError ? error.next.find((step) => step.includes('docs/iam/')) : undefined;
  return policy === undefined ? error.message : `${error.message} ${policy}`;
}

/** Every error of the SDK as a JobctlError; anything unknown stays what it is: a bug to see. */
export function toJobctlError(error: unknown, asked: Asked): Error {
  if (error instanceof JobctlError) return error;
  const { message } = error instanceof Error ? error : new Error(String(error));
  const name = nameOf(error);
  for (const [test, kind, what, next] of mappings) {
    if (!test.test(name)) continue;
    const policy = /^(AccessDenied|AuthorizationError)$/.test(name) ? policyNote(named(asked.action)) : undefined;
    return new JobctlError(kind, what(asked, message), {
      next: policy === undefined ? next : [...next, policy],
      cause: error,
    });
  }
  if (/socket hang up|timed? ?out|ECONN/i.test(message) || (statusOf(error) ?? 0) >= 500) {
    return new JobctlError(
      'unreachable',
      `${asked.where} gave no proper answer to ${named(asked.action)}: ${message}`,
      {
        next: ['Try again when the service is back.'],
        cause: error,
      },
    );
  }
  if (statusOf(error) !== undefined) {
    return new JobctlError(
      // the other services check what they are asked for; of SQS we know beforehand what it takes
      asked.action.includes(':') && !isServerFault(error) ? 'refused' : 'unexpected',
      `${asked.where} refused ${named(asked.action)} on ${asked.on}: ${message} (${name})`,
      {
        cause: error,
      },
    );
  }
  return error instanceof Error ? error : new Error(message);
}
