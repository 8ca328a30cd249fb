import { escaped } from '../core/escape.ts'

/** The only file that knows AWS error codes. Not a full list: a code is added when a caller acts on it. */

/** What callers do differently; everything else is 'other' and is told as it came. */
export type AwsFailure =
  | 'already-exists'
  | 'not-found'
  | 'quota-reached'
  | 'throttled'
  | 'denied'
  | 'condition-failed'
  /** Somebody has written since it was read, or is writing. */
  | 'conflict'
  /** There is no such security group. */
  | 'no-group'
  /** Nobody is asking: no credentials, or none that AWS knows. */
  | 'no-credentials'
  /** Within the client's timeouts. */
  | 'no-answer'
  /** The request itself will never do. */
  | 'refused'
  | 'other'

const KINDS: Readonly<Record<string, AwsFailure>> = {
  NetworkAclEntryAlreadyExists: 'already-exists',
  'InvalidNetworkAclEntry.NotFound': 'not-found',
  'InvalidNetworkAclID.NotFound': 'not-found',
  NetworkAclEntryLimitExceeded: 'quota-reached',
  PrefixListVersionMismatch: 'conflict',
  IncorrectState: 'conflict',
  PrefixListMaxEntriesExceeded: 'quota-reached',
  'InvalidPrefixListID.NotFound': 'not-found',
  'InvalidPrefixListId.NotFound': 'not-found',
  'InvalidPermission.Duplicate': 'already-exists',
  'InvalidPermission.NotFound': 'not-found',
  'InvalidGroup.NotFound': 'no-group',
  RulesPerSecurityGroupLimitExceeded: 'quota-reached',
  WAFOptimisticLockException: 'conflict',
  WAFNonexistentItemException: 'not-found',
  WAFLimitsExceededException: 'quota-reached',
  NoSuchResourceException: 'not-found',
  QueueDoesNotExist: 'not-found',
  ResourceNotFoundException: 'not-found',
  ConditionalCheckFailedException: 'condition-failed',
  RequestLimitExceeded: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestThrottled: 'throttled',
  UnauthorizedOperation: 'denied',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  AuthFailure: 'denied',
  CredentialsProviderError: 'no-credentials',
  TokenProviderError: 'no-credentials',
  InvalidClientTokenId: 'no-credentials',
  InvalidSignatureException: 'no-credentials',
  SignatureDoesNotMatch: 'no-credentials',
  UnrecognizedClientException: 'no-credentials',
  ExpiredToken: 'no-credentials',
  ExpiredTokenException: 'no-credentials',
  RequestExpired: 'no-credentials',
  TimeoutError: 'no-answer',
  InvalidMessageContents: 'refused',
  InvalidParameterValue: 'refused',
  InvalidParameterValueException: 'refused',
  ValidationError: 'refused',
}

/** The kind of an error that an AWS SDK client threw, by its code. */
export function failureOf(error: unknown): AwsFailure {
  return error instanceof Error ? (KINDS[error.name] ?? 'other') : 'other'
}

/** `Code: message`, short enough for a log line and a notice. */
export function tellError(error: unknown): string {
  if (!(error instanceof Error)) return escaped(String(error).slice(0, 300))
  // Node tries every address of a name; where none answers, the error that holds them all has no words.
  const { name, message, code = '' } = error as NodeJS.ErrnoException
  return escaped(`${name}: ${message === '' ? code : message}`.slice(0, 300))
}
