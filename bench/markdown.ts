import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { format, resolveConfig } from 'prettier';

/** The first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join(
    '\n',
  );
}

/** Three digits that mean something, at most two behind the point. */
export function figure(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** A difference, with its sign. */
export function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${figure(Math.abs(value))}`;
}

/** Where and when, without which no figure means anything. */
export function provenance(args: readonly string[], script = 'bench'): string {
  const command = [`npm run ${script}`, ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  const date = new Date().toISOString().slice(0, 10);
  return `\`${command}\`, ${date}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}.`;
}

/** Puts it into a document between the two comments of its name. */
export async function writePart(file: URL, name: string, markdown: string): Promise<void> {
  const document = await readFile(file, 'utf8');
  const [start, end] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`no place for ${start}`);
  const written = `${document.slice(0, from)}${start}\n\n${markdown}\n\n${document.slice(to)}`;
  const options = await resolveConfig(file);
  await writeFile(file, await format(written, { ...options, filepath: file.pathname }));
}
