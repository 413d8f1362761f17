export type { Answered, CallOptions, ChangeOptions, ChangeReceipt, KeyedOptions, Receipt } from './call.ts';
export { createClient } from './client.ts';
export type { ClientOptions } from './client.ts';
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
export type * from './operations.ts';
export type { CancelSignal, Fetch, FetchAnswer } from './platform.ts';
