/** A picture of one or more panels side by side, which share the meaning of their x axis. */
export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly panels: readonly Panel[];
}

interface Panel {
  /** With its unit. */
  readonly y: string;
  /** At most as many as there are colours. */
  readonly lines: readonly Line[];
}

interface Line {
  /** Shown where there is more than one. */
  readonly name: string;
  /** Of numbers greater than nothing, in ascending order of x. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const [PANEL_WIDTH, HEIGHT] = [440, 300];
const PLOT = { left: 64, right: PANEL_WIDTH - 32, top: 64, bottom: HEIGHT - 52 };
const CAPTION = 48;
const LEGEND_WIDTH = 90;
const Y_TICKS = 5;
/** Of a background of its own, as nobody knows on what the picture is shown. */
const STYLE = `
svg { --back: #ffffff; --ink: #24292f; --grid: #d0d7de; --line0: #0b62c4; --line1: #b3470f; font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --back: #16191e; --ink: #dde3ea; --grid: #3b434d; --line0: #6cb2ff; --line1: #ffa26b; } }
text { fill: var(--ink); } .title { font-weight: 600; font-size: 14px; } .back { fill: var(--back); } .grid { stroke: var(--grid); }
.line0 { stroke: var(--line0); } .line1 { stroke: var(--line1); } .line { fill: none; stroke-width: 2; }
.dot0 { fill: var(--line0); } .dot1 { fill: var(--line1); }`;

/** An SVG with a logarithmic x axis, where each measured x has a mark, and y axes that begin at nothing. */
export function svgOf({ title, x, panels }: Chart): string {
  const width = PANEL_WIDTH * panels.length;
  const parts = panels.map(
    (panel, index) => `<g transform="translate(${index * PANEL_WIDTH} 0)">\n${panelOf(panel, x)}\n</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
</style>
<rect class="back" width="${width}" height="${HEIGHT}" rx="6"/>
${textAt(PLOT.left, 24, title, 'start', 'title')}
${parts.join('\n')}
</svg>
`;
}

function panelOf({ y, lines }: Panel, x: string): string {
  const points = lines.flatMap((line) => line.points);
  const xs = [...new Set(points.map((point) => point.x))].toSorted((a, b) => a - b);
  const ticks = ticksUpTo(Math.max(...points.map((point) => point.y)));
  const placeX = logarithmic([xs[0]!, xs.at(-1)!], [PLOT.left + 8, PLOT.right]);
  const placeY = (value: number): number => PLOT.bottom - (value / ticks.at(-1)!) * (PLOT.bottom - PLOT.top);
  return [
    textAt(PLOT.left, CAPTION, y, 'start'),
    ...ticks.flatMap((tick) => [
      `<path class="grid" d="M${PLOT.left} ${round(placeY(tick))}H${PLOT.right}"/>`,
      textAt(PLOT.left - 6, placeY(tick) + 4, tick.toLocaleString('en'), 'end'),
    ]),
    ...xs.map((value) => textAt(placeX(value), PLOT.bottom + 18, value.toLocaleString('en'), 'middle')),
    textAt((PLOT.left + PLOT.right) / 2, HEIGHT - 14, x, 'middle'),
    ...lines.flatMap(({ name, points: own }, index) => {
      const places = own.map((point) => [round(placeX(point.x)), round(placeY(point.y))] as const);
      const legend = PLOT.right - LEGEND_WIDTH * (lines.length - index);
      return [
        `<path class="line line${index}" d="M${places.map((place) => place.join(' ')).join('L')}"/>`,
        ...places.map((place) => dotAt(place, index)),
        ...(lines.length > 1
          ? [dotAt([legend, CAPTION - 4], index), textAt(legend + 8, CAPTION, name, 'start')]
          : []),
      ];
    }),
  ].join('\n');
}

/** Round numbers from 0 to the first that is not below `greatest`, which is greater than 0. */
export function ticksUpTo(greatest: number): number[] {
  const rough = greatest / Y_TICKS;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * magnitude).find((each) => each >= rough * 0.999)!;
  // Counted, not added up: 0.1 + 0.2 is not 0.3.
  return Array.from({ length: Math.ceil(greatest / step - 0.001) + 1 }, (_, index) =>
    Number((index * step).toPrecision(12)),
  );
}

/** Puts what lies between the ends of one range between those of another, equal ratios at equal distances. */
export function logarithmic(
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
): (value: number) => number {
  return (value) => start + ((end - start) * Math.log(value / from)) / Math.log(to / from);
}

function textAt(
  x: number,
  y: number,
  text: string,
  anchor: 'start' | 'middle' | 'end',
  className = '',
): string {
  const named = className && ` class="${className}"`;
  return `<text${named} x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

function dotAt([x, y]: readonly [number, number], line: number): string {
  return `<circle class="dot${line}" cx="${x}" cy="${y}" r="3"/>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
