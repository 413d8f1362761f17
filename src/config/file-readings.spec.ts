import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidValue } from './configuration-error.ts';
import { FileReadings } from './file-readings.ts';

let folder: string;
let [one, other] = ['', ''];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'canary-'));
  [one, other] = [join(folder, 'one'), join(folder, 'other')];
  writeFileSync(one, '1');
  writeFileSync(other, '2');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('FileReadings', () => {
  it('reads a file once, however often it is asked for', () => {
    const readings = new FileReadings();
    expect(readings.text(one)).toBe('1');
    const { digest } = readings;
    writeFileSync(one, 'changed');
    expect([readings.text(one), readings.digest]).toEqual(['1', digest]);
    expect(new FileReadings([one]).text(one)).toBe('changed');
  });

  it('lists what was asked for, once and in that order, also what cannot be read', () => {
    const readings = new FileReadings([other]);
    const missing = join(folder, 'missing');
    for (const path of [missing, one, other, missing])
      expect(() => readings.text(path)).not.toThrow(TypeError);
    expect(readings.paths).toEqual([other, missing, one]);
  });

  it('has one digest for one content', () => {
    const { digest } = new FileReadings([one, other]);
    writeFileSync(one, '1');
    expect(new FileReadings([one, other]).digest).toBe(digest);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, () => void]>([
    ['another content of the same length', () => writeFileSync(other, '3')],
    [
      'contents that changed places',
      () => [one, other].map((path, index) => writeFileSync(path, `${2 - index}`)),
    ],
    ['a byte that is not UTF-8', () => writeFileSync(other, Uint8Array.of(0xe9))],
    ['an empty file', () => writeFileSync(other, '')],
    ['a file that is gone', () => rmSync(other)],
    [
      'a folder in its place',
      () => {
        rmSync(other);
        mkdirSync(other);
      },
    ],
  ])('has another digest for %s', (_, change) => {
    const { digest } = new FileReadings([one, other]);
    change();
    expect(new FileReadings([one, other]).digest).not.toBe(digest);
  });

  it('says why a file cannot be read, without its path', () => {
    rmSync(other);
    const readings = new FileReadings([other]);
    expect(() => readings.text(other)).toThrow(InvalidValue);
    expect(() => readings.text(other)).toThrow('the file cannot be read (there is no such file)');
    expect(() => readings.text(other)).not.toThrow('canary');
  });

  describe('of a large file', () => {
    const LARGE = 'x'.repeat(2 * 1024 * 1024);
    beforeEach(() => {
      writeFileSync(one, LARGE);
      const later = Date.now() + 10_000;
      jest.spyOn(Date, 'now').mockReturnValue(later);
    });
    afterEach(() => jest.restoreAllMocks());

    it('are those of the look before while nobody touches it', () => {
      const first = new FileReadings([one, other]);
      const second = new FileReadings([one, other], first);
      expect(second.digest).toBe(first.digest);
      expect(second.digestOf(one)).toBe(first.digestOf(one));
      expect(() => second.text(one)).toThrow('not read again');
      expect(second.text(other)).toBe('2');
    });

    it('are new once it is written, though with the same length', () => {
      const first = new FileReadings([one]);
      writeFileSync(one, LARGE.replace('x', 'y'));
      expect(new FileReadings([one], first).digest).not.toBe(first.digest);
    });

    it('are new where it was written just before', () => {
      jest.restoreAllMocks();
      const first = new FileReadings([one]);
      expect(new FileReadings([one], first).text(one)).toBe(LARGE);
    });
  });
});
