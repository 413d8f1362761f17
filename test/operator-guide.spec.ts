import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../sandbox/start.ts';
import type { Sandbox } from '../sandbox/start.ts';
import { usualIssuer } from '../sandbox/usual-ports.ts';
import { compileGateway } from './support/gateway-process.ts';
import { blocksOf, Shell, shownAnswer, withOutputs } from './support/guide.ts';
import { ReservedPort } from './support/reserved-port.ts';

const GUIDE = 'docs/guides/open-an-operation.md';

describe(`the guide ${GUIDE}`, () => {
  const blocks = blocksOf(GUIDE);
  const outputs: string[] = [];
  let sandbox: Sandbox;
  let build: Awaited<ReturnType<typeof compileGateway>>;
  let folder: string;
  let api: ReservedPort;
  let management: ReservedPort;
  let shell: Shell;
  beforeAll(async () => {
    [sandbox, build, api, management] = await Promise.all([
      startSandbox({ octane: 0, identityProvider: 0, control: 0 }),
      compileGateway(),
      ReservedPort.claim(),
      ReservedPort.claim(),
    ]);
    folder = await mkdtemp(join(tmpdir(), 'octane-bff-guide-'));
    const gatewayFile = (await readFile('config/gateway.yaml', 'utf8')).replaceAll(
      usualIssuer,
      sandbox.identityProvider.issuer,
    );
    await writeFile(join(build.folder, 'gateway.yaml'), gatewayFile);
    shell = new Shell({
      HOME: '/nonexistent',
      HOST: '127.0.0.1',
      PORT: String(api.number),
      MANAGEMENT_PORT: String(management.number),
      GATEWAY_FILE: join(build.folder, 'gateway.yaml'),
      DATABASE_URL: `sqlite:${join(build.folder, 'gateway.db')}`,
      DRAIN_DELAY_MS: '0',
      MAX_EVENT_LOOP_DELAY_MS: '0',
    });
  });
  afterAll(async () => {
    await shell.stop();
    await sandbox.close();
    await build.remove();
    await rm(folder, { recursive: true });
    // Where one failed, the outputs behind it would stand at other blocks.
    const isWhole = outputs.length === blocks.length;
    if (process.env['UPDATE_DOCS'] === '1' && isWhole) await writeFile(GUIDE, withOutputs(GUIDE, outputs));
  });

  /** The guide names the usual places, and a folder at home. */
  function here(code: string): string {
    const { octane, identityProvider } = sandbox;
    return code
      .replaceAll('~/my-octane', folder)
      .replaceAll('http://127.0.0.1:4001/tiab/api', octane.url)
      .replaceAll('http://127.0.0.1:4003', octane.controlUrl)
      .replaceAll('http://localhost:3000', `http://127.0.0.1:${api.number}`)
      .replaceAll('http://127.0.0.1:3001', `http://127.0.0.1:${management.number}`)
      .replaceAll(
        'npm run --silent token --',
        `npm run --silent token -- --issuer ${identityProvider.issuer}`,
      )
      .replaceAll('npm run --silent operations --', `node ${build.folder}/dist/operations.js`)
      .replaceAll('npm run --silent check-config', `node ${build.folder}/dist/main.js --check`)
      .replaceAll('npm start', `exec node ${build.folder}/dist/main.js`)
      .replaceAll(/^npm (?:ci|run sandbox)\b.*$/gm, ':');
  }

  it.each(blocks)('$title', async ({ code, shown }) => {
    const output = shownAnswer(await shell.run(here(code))).replaceAll(folder, '~/my-octane');
    outputs.push(output);
    const wanted = process.env['UPDATE_DOCS'] === '1' ? output : (shown ?? output);
    expect(output).toBe(wanted);
  });
});
