import type { Policy } from '../../src/limits/policy.ts';

/** A policy of which the specs of limits need no more than that there is one. */
export const POLICY: Policy = {
  name: 'caller',
  quota: 3,
  windowSeconds: 60,
  refusal: 'rate-limited',
  detail: 'Too many.',
};
