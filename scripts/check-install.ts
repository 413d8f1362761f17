/**
 * Checks the production install as the image does it: `npm ci --omit=dev` and dist/ in an empty folder. The gateway starts
 * there, gets ready, answers a button of its reference in Chromium, leaves on SIGTERM, and says nothing on stderr; with the next
 * major version of Node, too. Then the commands `operations` and `customers` work there. Needs `npm run build` before.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startBrowser } from '../test/support/browser.ts';
import { startFlags } from './start-flags.ts';

/** Not a package of this project: its program would have the name of the Node that all scripts run on. */
const NEXT_NODE = '26.10.0';

const folder = mkdtempSync(join(tmpdir(), 'octane-bff-install-'));
try {
  for (const path of ['package.json', 'package-lock.json', '.npmrc', 'dist', 'config']) {
    cpSync(path, join(folder, path), { recursive: true });
  }
  execFileSync('npm', ['ci', '--omit=dev'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  await checkCompileCache(folder);
  await startAndStop(folder, process.execPath);
  await startAndStop(folder, installNextNode(join(folder, 'next')));
  tryCommands(folder);
  console.log(
    `The production install starts, gets ready, shows a reference that works, stops, with Node ${NEXT_NODE} too, and has its commands.`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What the build has compiled must be of use in another folder, with the flags of `npm start`. */
async function checkCompileCache(cwd: string): Promise<void> {
  const { stderr } = spawnSync(process.execPath, [...(await startFlags()), 'dist/main.js'], {
    cwd,
    env: { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    encoding: 'utf8',
  });
  const told = (what: string): number => stderr.split(what).length - 1;
  const [accepted, asked] = [told(' was accepted'), told('reading cache from ')];
  if (asked === 0 || accepted < asked)
    throw new Error(`of ${asked} compiled files ${accepted} were accepted`);
}

/** @returns the path of its program */
function installNextNode(cwd: string): string {
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
  execFileSync('npm', ['install', '--loglevel=error', `node@${NEXT_NODE}`], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(cwd, 'node_modules/node/bin/node');
}

async function startAndStop(cwd: string, program: string): Promise<void> {
  const gateway = spawn(program, ['dist/main.js'], {
    cwd,
    env: {
      PORT: '0',
      MANAGEMENT_PORT: '0',
      DRAIN_DELAY_MS: '0',
      OCTANE_BASE_URL: 'https://octane.invalid/tiab/api',
      OCTANE_1001_USERNAME: 'check',
      OCTANE_1001_PASSWORD: 'check',
      OCTANE_2002_USERNAME: 'check',
      OCTANE_2002_PASSWORD: 'check',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  gateway.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const exited = once(gateway, 'exit');
  const { api, management } = await Promise.race([
    addresses(createInterface(gateway.stdout)),
    exited.then(() => Promise.reject(new Error(`the gateway did not start:\n${complaints}`))),
  ]);
  try {
    const ready = await fetch(`${management}/health/ready`);
    if (ready.status !== 200) throw new Error(`/health/ready answered ${ready.status}`);
    const tried = await tryReference(api);
    if (!tried.includes('authentication-required')) throw new Error(`the button of /docs showed: ${tried}`);
  } finally {
    gateway.kill('SIGTERM');
  }
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`exit code ${code} after SIGTERM`);
  if (complaints !== '') throw new Error(`stderr was not empty:\n${complaints}`);
}

/** In the store that the gateway has left. */
function tryCommands(cwd: string): void {
  // Without the settings of whoever checks.
  const { PATH, HOME } = process.env;
  const run = (...args: string[]): string =>
    execFileSync('npm', ['run', '--silent', ...args], { cwd, env: { PATH, HOME }, encoding: 'utf8' });
  const listed = run('operations', '--', 'list', 'config/octane');
  if (!/^POST +\S/m.test(listed)) throw new Error(`npm run operations -- list printed: ${listed}`);
  const link = ['http://localhost:4002', 'user-1', '1001', '700123'];
  const options = ['issuer', 'subject', 'groupno', 'custno'].flatMap((name, at) => [`--${name}`, link[at]!]);
  run('customers', '--', 'link', ...options);
  const links = run('customers', '--', 'list');
  if (links !== `${link.join('\t')}\n`) throw new Error(`npm run customers -- list printed: ${links}`);
}

/** Sends a request from `/docs`, without a token, and gives what the page then shows for an answer. */
async function tryReference(api: string): Promise<string> {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    // The gateway listens on every address of the machine.
    await page.goto(`${api.replace('0.0.0.0', '127.0.0.1')}/docs`);
    await page
      .getByRole('button', { name: /^Test Request/ })
      .first()
      .click();
    await page.getByRole('button', { name: /^Send post request/ }).click();
    const answer = page.getByRole('region', { name: 'Response' });
    await answer.getByRole('link', { name: '401' }).waitFor();
    return (await answer.getByRole('textbox').textContent()) ?? '';
  } finally {
    await browser.close();
  }
}

async function addresses(lines: AsyncIterable<string>): Promise<{ api: string; management: string }> {
  for await (const line of lines) {
    const { msg, api, management } = JSON.parse(line) as { msg: string; api?: string; management?: string };
    if (msg === 'listening' && api && management) return { api, management };
  }
  throw new Error('stdout ended before the gateway was listening');
}
