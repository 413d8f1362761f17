import { changeIdAt } from '../../src/journal/store/change-id.ts';
import type { Intent } from '../../src/journal/store/journal-store.ts';

/** A change that begins at that time, as far as its id says. It has no key unless `changes` has one. */
export function intentAt(at: number, changes: Partial<Intent> = {}): Intent {
  return {
    id: changeIdAt(at),
    issuer: 'https://id.example.com/',
    client: 'selfcare-app',
    subject: 'user-1',
    groupno: '1001',
    custno: '700123',
    operation: 'direct-debit',
    requestId: 'request-1',
    actor: null,
    unknownAfterMs: 15_000,
    key: null,
    ...changes,
  };
}
