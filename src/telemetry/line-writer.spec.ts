import { setImmediate as turn } from 'node:timers/promises';
import { LineWriter } from './line-writer.ts';
import { eventually } from '../../test/support/eventually.ts';

const LINE = `${'x'.repeat(1023)}\n`;

/** A descriptor behind which anything can go wrong. */
class Descriptor {
  text = '';
  /** Thrown once `room` is used up. */
  fault = 'EAGAIN';
  room = Infinity;
  writes = 0;

  readonly write = (_fd: number, bytes: Uint8Array): number => {
    this.writes += 1;
    if (this.room === 0) throw Object.assign(new Error(this.fault), { code: this.fault });
    const written = Math.min(this.room, bytes.length);
    this.text += Buffer.from(bytes.subarray(0, written)).toString();
    this.room -= written;
    return written;
  };
}

function writerTo(descriptor: Descriptor): LineWriter {
  return new LineWriter(1, (dropped) => `${dropped} dropped\n`, descriptor.write);
}

describe('a writer of lines', () => {
  it('writes the lines of one turn together', async () => {
    const descriptor = new Descriptor();
    const lines = writerTo(descriptor);
    for (const line of ['a\n', 'b\n', 'c\n']) lines.write(line);
    expect(descriptor.text).toBe('');
    await turn();
    expect(descriptor).toMatchObject({ text: 'a\nb\nc\n', writes: 1 });
  });

  it('drops nothing of a turn that logs more than may wait, while there is a reader', async () => {
    const descriptor = new Descriptor();
    const lines = writerTo(descriptor);
    for (let line = 0; line < 1000; line += 1) lines.write(LINE);
    lines.write('y'.repeat(1_000_000).concat('\n'));
    await turn();
    expect(lines.dropped).toBe(0);
    expect(descriptor.text).toHaveLength(1000 * LINE.length + 1_000_001);
  });

  it('keeps so much for a reader that stalls, drops what comes then, and tells how much that was', async () => {
    const descriptor = new Descriptor();
    const lines = writerTo(descriptor);
    descriptor.room = 1500;
    for (let line = 0; line < 1000; line += 1) lines.write(LINE);
    lines.write('short\n');
    await turn();
    expect(descriptor.text).toHaveLength(1500);
    expect(lines.dropped).toBeGreaterThan(800);
    const { dropped } = lines;
    descriptor.room = Infinity;
    await eventually(() => descriptor.text.includes('dropped'));
    expect(descriptor.text).toBe(`${LINE.repeat(1001 - dropped)}${dropped} dropped\n`);
    lines.write('after\n');
    await turn();
    expect(descriptor.text.endsWith(`${dropped} dropped\nafter\n`)).toBe(true);
    expect(lines.dropped).toBe(dropped);
  });

  it.each(['ENOSPC', 'EPIPE', 'EIO'])(
    'drops what cannot be written for %s, and finishes the line that it began',
    async (fault) => {
      const descriptor = new Descriptor();
      const lines = writerTo(descriptor);
      descriptor.room = 5;
      descriptor.fault = fault;
      for (const line of ['abc\n', 'def\n', 'ghi\n']) lines.write(line);
      await turn();
      expect([descriptor.text, lines.dropped]).toEqual(['abc\nd', 1]);
      for (const line of ['jkl\n', 'mno\n']) lines.write(line);
      await eventually(() => lines.dropped === 3);
      descriptor.room = Infinity;
      await eventually(() => descriptor.text.includes('dropped'));
      expect(descriptor.text).toBe('abc\ndef\n3 dropped\n');
    },
  );

  it('makes a notice whole that it began, and tells of what was dropped since in another', async () => {
    const descriptor = new Descriptor();
    const lines = writerTo(descriptor);
    descriptor.room = 0;
    descriptor.fault = 'ENOSPC';
    lines.write('abc\n');
    await eventually(() => lines.dropped === 1);
    descriptor.room = 3;
    await eventually(() => descriptor.text === '1 d');
    lines.write('def\n');
    await eventually(() => lines.dropped === 2);
    descriptor.room = Infinity;
    await eventually(() => descriptor.text.endsWith('1 dropped\n1 dropped\n'));
    expect(descriptor.text).toBe('1 dropped\n1 dropped\n');
  });

  it('gives a slow reader a little time at the end, and a stalled one no more than that', () => {
    const slow = new Descriptor();
    const toSlow = writerTo(slow);
    slow.room = 0;
    for (let line = 0; line < 10; line += 1) toSlow.write(LINE);
    const write = slow.write;
    let refusals = 3;
    const taken = new LineWriter(1, String, (fd, bytes) => {
      refusals -= 1;
      if (refusals === 0) slow.room = Infinity;
      return write(fd, bytes);
    });
    taken.write('last\n');
    taken.end();
    expect(slow.text).toBe('last\n');

    slow.room = 0;
    // It comes back.
    toSlow.end();
    expect(slow.text).toBe('last\n');
  });
});
