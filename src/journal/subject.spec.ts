import { createHash } from 'node:crypto';
import { recordedSubject } from './subject.ts';

describe('recordedSubject', () => {
  it.each(['user-1', 'auth0|5f7c8ec7c33c6c004bbafe82', 'a b', 'é'])('keeps %j', (subject) => {
    expect(recordedSubject(subject)).toBe(subject);
  });

  it.each(['person@example.com', '@', 'a\u0000b', 'a\nb', 'a\u001b[2Jb', 'a\u009bb'])(
    'makes 16 hex digits of %j',
    (subject) => {
      expect(recordedSubject(subject)).toBe(createHash('sha256').update(subject).digest('hex').slice(0, 16));
    },
  );
});
