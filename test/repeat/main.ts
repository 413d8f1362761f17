/**
 * Runs the whole suite again and again, and prints a table of what failed: `npm run test:repeat -- --runs 20`. With `--busy` two
 * endless loops take the processor meanwhile, as another job on the machine would. Ends with 1 where any run failed or warned.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const BUSY_LOOPS = 2;
/** What Jest and Node say on stderr when something was not as it should be, though every test passed. */
const WARNING = /^.*(?:failed to exit gracefully|did not exit|open handle|Warning:|Force exiting).*$/gim;

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    busy: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs must be a whole number of at least 1');

const folder = await mkdtemp(join(tmpdir(), 'octane-bff-repeat-'));
const loops = values.busy ? Array.from({ length: BUSY_LOOPS }, startLoop) : [];
process.on('exit', () => loops.forEach((loop) => loop.kill('SIGKILL')));
let failedRuns = 0;
console.log('| run | seconds | failed tests and warnings |\n| --: | --: | --- |');
for (let run = 1; run <= runs; run += 1) {
  const { seconds, complaints } = await runSuite(join(folder, `${run}.json`));
  if (complaints.length > 0) failedRuns += 1;
  console.log(`| ${run} | ${seconds} | ${complaints.join('<br>') || 'none'} |`);
}
await rm(folder, { recursive: true, force: true });
console.log(`\n${runs - failedRuns} passed, ${failedRuns} failed`);
process.exit(failedRuns === 0 ? 0 : 1);

function startLoop(): ChildProcess {
  return spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
}

async function runSuite(reportFile: string): Promise<{ seconds: number; complaints: string[] }> {
  const startedAt = performance.now();
  const command = ['test', '--', '--json', '--outputFile', reportFile];
  const suite = spawn('npm', command, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  suite.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(suite, 'close')) as [number | null];
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const report = await readFile(reportFile, 'utf8').catch(() => undefined);
  const failures = report === undefined ? [] : failuresIn(JSON.parse(report) as Report);
  const complaints = [...failures, ...(said.match(WARNING) ?? [])];
  if (code !== 0 && complaints.length === 0) complaints.push(`exit code ${code}: ${said.slice(-500)}`);
  return { seconds, complaints: complaints.map((text) => text.replaceAll(/[|\n]/g, ' ')) };
}

/** Each failed test with the first line of its message, and each spec file that failed as a whole. */
function failuresIn({ testResults }: Report): string[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    const file = name.slice(process.cwd().length + 1);
    if (failed.length === 0) return message === '' ? [] : [`${file}: ${firstLine(message)}`];
    return failed.map(
      ({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages[0] ?? '')}`,
    );
  });
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '' && !line.includes('Test suite failed')) ?? '';
}
