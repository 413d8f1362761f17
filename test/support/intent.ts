import { changeIdAt } from '../../src/journal/change-id.ts';
import type { Intent } from '../../src/journal/journal-store.ts';

/** What is put on record of a change before it leaves, without a key unless `changes` has one. */
export function intentAt(at: number, changes: Partial<Intent> = {}): Intent {
  return {
    id: changeIdAt(at),
    at,
    issuer: 'https://id.example.com/',
    client: 'selfcare-app',
    subject: 'user-1',
    groupno: '1001',
    custno: '700123',
    operation: 'direct-debit',
    requestId: 'request-1',
    unknownAt: at + 15_000,
    key: null,
    ...changes,
  };
}
