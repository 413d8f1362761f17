import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { eventually } from './eventually.ts';

/** A fenced block of a guide that is executed, and what the guide says comes of it. */
export interface Block {
  readonly language: 'sh' | 'ts';
  readonly code: string;
  /** The `http` or `text` block right behind it; undefined where the guide shows none. */
  readonly shown: string | undefined;
  readonly title: string;
}

const BLOCK =
  /^## (?<heading>.+)$|^```(?<language>sh|ts)\n(?<code>[^]*?)^```\n(?:\n```(?:http|text)\n(?<shown>[^]*?)^```$)?/gm;

/** The blocks of a guide, in order, each named by the heading above it. */
export function blocksOf(path: string): Block[] {
  let heading = 'start';
  const blocks: Block[] = [];
  for (const { groups = {} } of readFileSync(path, 'utf8').matchAll(BLOCK)) {
    const { language, code, shown } = groups;
    if (groups['heading'] !== undefined) heading = groups['heading'];
    if (language === undefined || code === undefined) continue;
    blocks.push({
      language: language as Block['language'],
      code,
      shown: shown?.trimEnd(),
      title: `${heading}, block ${blocks.length + 1}`,
    });
  }
  return blocks;
}

/** The guide with these outputs in place of those that it shows. */
export function withOutputs(path: string, outputs: readonly (string | undefined)[]): string {
  let index = 0;
  return readFileSync(path, 'utf8').replace(BLOCK, (all: string, ...rest: unknown[]) => {
    const { language, shown } = rest.at(-1) as Record<string, string | undefined>;
    if (language === undefined) return all;
    const output = outputs[index++];
    if (shown === undefined || output === undefined) return all;
    return `${all.slice(0, all.length - shown.length - 3)}${output}\n\`\`\``;
  });
}

/** A shell that runs one block after the other, as a reader would type them. */
export class Shell {
  private readonly bash: ChildProcessWithoutNullStreams;
  private output = '';

  constructor(environment: Record<string, string>) {
    this.bash = spawn('bash', ['--noprofile', '--norc'], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
    });
    // To a terminal curl shows no progress.
    this.bash.stdin.write('curl() { command curl --silent --show-error "$@"; }\n');
    for (const stream of [this.bash.stdout, this.bash.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** @throws Error with all that was printed, when the last command of the block fails */
  async run(code: string): Promise<string> {
    this.output = '';
    this.bash.stdin.write(`${code}\nprintf '\\n[exit code %s]\\n' $?\n`);
    const [, printed = '', exitCode] = await eventually(
      () => /^([^]*?)\n\[exit code (\d+)\]\n$/.exec(this.output) ?? undefined,
    );
    if (exitCode !== '0') throw new Error(`exit code ${exitCode}: ${printed}`);
    return printed;
  }

  async stop(): Promise<void> {
    this.bash.stdin.end();
    if (this.bash.exitCode === null) await new Promise((exited) => this.bash.on('exit', exited));
  }
}

const SHOWN_HEADERS = new Set(['content-type', 'www-authenticate', 'retry-after', 'idempotency-replayed']);

/** What `curl -i` printed, as guides show it: with the headers that tell something, and what is new each time left out. */
export function shownAnswer(printed: string): string {
  const [head = '', body = ''] = printed.split(/\r\n\r\n/, 2);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d+)/.exec(statusLine.trim())?.[1];
  if (status === undefined) return masked(printed.trim());
  const headers = lines.filter((line) => SHOWN_HEADERS.has(line.split(':')[0]!.toLowerCase()));
  const json = body.trim() === '' ? [] : ['', JSON.stringify(JSON.parse(body), null, 2)];
  return masked([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers, ...json].join('\n'));
}

/** Request ids, of the gateway and of the client, and made-up keys are new each time. */
export function masked(text: string): string {
  return text.replaceAll(/[\da-f]{8}(?:(?:-[\da-f]{4}){3}-[\da-f]{12}|(?:-[\da-f]{8}){3})/g, '…');
}
