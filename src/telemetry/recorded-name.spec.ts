import { createHash } from 'node:crypto';
import { recordedName } from './recorded-name.ts';

describe('recordedName', () => {
  it.each(['user-1', 'auth0|5f7c8ec7c33c6c004bbafe82', 'a b', 'é'])('keeps %j', (subject) => {
    expect(recordedName(subject)).toBe(subject);
  });

  it.each(['person@example.com', '@', 'a\u0000b', 'a\nb', 'a\u001b[2Jb', 'a\u009bb'])(
    'makes 16 hex digits of %j',
    (subject) => {
      expect(recordedName(subject)).toBe(createHash('sha256').update(subject).digest('hex').slice(0, 16));
    },
  );
});
