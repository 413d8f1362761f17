import { styleText } from 'node:util';

const widestLine = 90;

export function mark(asExpected: boolean): string {
  return asExpected ? styleText(['green', 'bold'], '✔') : styleText(['red', 'bold'], '✘');
}

export function heading(title: string): string {
  return styleText(['bold', 'cyan'], `── ${title} `.padEnd(widestLine, '─'));
}

export function label(text: string): string {
  return `  ${styleText('cyan', text)}`;
}

export function startLine(text: string): string {
  return `    ${styleText('bold', text)}`;
}

export function header(name: string, value: string): string {
  const titled = name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
  return `    ${styleText('dim', `${titled}: ${value}`)}`;
}

export function bodyLines(body: unknown): string[] {
  if (body === undefined || body === null || body === '') return [];
  const lines = typeof body === 'string' ? [body] : layOut(body);
  return lines.map((line) => `    ${line}`);
}

/** On one line where it fits. */
function layOut(value: unknown): string[] {
  const inOne = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  return inOne.length <= widestLine ? [inOne] : JSON.stringify(value, null, 2).split('\n');
}
