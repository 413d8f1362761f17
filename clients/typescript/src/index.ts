export { createClient } from './client.ts';
export type {
  CallOptions,
  ClientOptions,
  DirectDebit,
  DirectDebitReceipt,
  OctaneBffClient,
  Receipt,
  StoredDirectDebit,
} from './client.ts';
export { isOctaneBffError, OctaneBffError } from './octane-bff-error.ts';
export type {
  AnyOctaneBffError,
  ConnectionCode,
  ErrorCode,
  FieldError,
  Outcome,
  Problem,
  ProblemCode,
} from './octane-bff-error.ts';
export type { CancelSignal, Fetch, FetchAnswer } from './platform.ts';
