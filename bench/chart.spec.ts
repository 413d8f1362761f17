import { logarithmic, svgOf, ticksUpTo } from './chart.ts';

describe('a chart of the benchmark', () => {
  it.each([
    [3, [0, 1, 2, 3]],
    [5, [0, 1, 2, 3, 4, 5]],
    [5.1, [0, 2, 4, 6]],
    [2345, [0, 500, 1000, 1500, 2000, 2500]],
    [0.31, [0, 0.1, 0.2, 0.3, 0.4]],
    [1000, [0, 200, 400, 600, 800, 1000]],
  ])('marks the way to %d', (greatest, ticks) => {
    expect(ticksUpTo(greatest)).toEqual(ticks);
  });

  it('gives equal ratios equal distances', () => {
    const place = logarithmic([1, 512], [10, 100]);
    expect([1, 2, 8, 512].map((value) => Math.round(place(value)))).toEqual([10, 20, 40, 100]);
  });

  it('draws each point at its place, above nothing', () => {
    const points = [
      { x: 1, y: 5 },
      { x: 10, y: 10 },
      { x: 100, y: 0.001 },
    ];
    const svg = svgOf({ title: 'a < b', x: 'callers', panels: [{ y: 'ms', lines: [{ name: '', points }] }] });
    const places = [...svg.matchAll(/<circle class="dot0" cx="([\d.]+)" cy="([\d.]+)"/g)];
    // The plot reaches from 72 to 408 in its width, and from 64 down to 248 in its height.
    expect(places.map(([, x, y]) => [Number(x), Number(y)])).toEqual([
      [72, 156],
      [240, 64],
      [408, 248],
    ]);
    expect(svg).toContain('a &lt; b');
  });
});
