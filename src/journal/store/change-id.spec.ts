import fc from 'fast-check';
import { changeIdAt, firstIdAt } from './change-id.ts';

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** As far as 48 bits go: the year 10889. */
const anyTime = fc.integer({ min: 0, max: 2 ** 48 - 2 });

describe('changeIdAt', () => {
  it('gives UUIDs of version 7, each time another', () => {
    const ids = Array.from({ length: 1000 }, () => changeIdAt(Date.UTC(2026, 10, 21)));
    for (const id of ids) expect(id).toMatch(UUID_7);
    expect(new Set(ids).size).toBe(1000);
  });

  it('gives ids whose order as texts is that of time', () => {
    fc.assert(
      fc.property(anyTime, anyTime, (one, other) => {
        fc.pre(one !== other);
        expect(changeIdAt(one) < changeIdAt(other)).toBe(one < other);
      }),
    );
  });
});

describe('firstIdAt', () => {
  it('stands before every id of its time and behind every id before', () => {
    fc.assert(
      fc.property(anyTime, (time) => {
        expect(firstIdAt(time) <= changeIdAt(time)).toBe(true);
        expect(firstIdAt(time + 1) > changeIdAt(time)).toBe(true);
      }),
    );
  });

  it('takes any time: a fraction counts as its millisecond, one before 1970 as the first', () => {
    expect(firstIdAt(1.9)).toBe(firstIdAt(1));
    expect(firstIdAt(-1)).toBe(firstIdAt(0));
    expect(firstIdAt(0)).toMatch(UUID_7);
  });
});
