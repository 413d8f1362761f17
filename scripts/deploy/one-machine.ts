import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { loadSettings } from '../../src/config/settings.ts';
import { startFlags } from '../start-flags.ts';
import type { Complain } from './read-yaml.ts';

const FOLDER = 'deploy/systemd';
const UNIT = `${FOLDER}/octane-bff.service`;
const SITE = 'deploy/nginx/site.conf';

/** The unit and its settings, and whether nginx asks where they let the gateway listen. test/one-machine.spec.ts runs them. */
export async function checkOneMachine(complain: Complain): Promise<void> {
  const unit = readFileSync(UNIT, 'utf8');
  const valueOf = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';
  const words = valueOf('ExecStart').split(' ');
  const missing = (await startFlags()).filter((flag) => !words.includes(flag));
  if (missing.length > 0) complain(`${UNIT}: ExecStart lacks ${missing.join(' ')} of npm start`);
  const settings = loadSettings(parseEnv(readFileSync(`${FOLDER}/settings.env`, 'utf8')));
  if (!(Number(valueOf('TimeoutStopSec')) * 1000 > settings.shutdownGraceMs))
    complain(`${UNIT}: it is killed before SHUTDOWN_GRACE_MS is over`);
  if (!settings.databaseUrl.startsWith(`sqlite:/var/lib/${valueOf('StateDirectory')}/`))
    complain(`${UNIT}: the journal is not in its StateDirectory`);
  if (!readFileSync(SITE, 'utf8').includes(`server ${settings.host}:${settings.port} `))
    complain(`${SITE}: does not ask the gateway of ${FOLDER}`);
  if (!settings.trustedProxies.includes(settings.host)) complain(`${FOLDER}: nginx is not trusted`);
  checkUnits(complain);
}

/** As systemd reads them, where it is installed. That the program is not on this machine is no fault. */
function checkUnits(complain: Complain): void {
  const folder = mkdtempSync(join(tmpdir(), 'octane-bff-units-'));
  try {
    const units = readdirSync(FOLDER).filter((name) => /\.(?:service|timer)$/.test(name));
    for (const name of units) {
      const text = readFileSync(join(FOLDER, name), 'utf8').replaceAll('/opt/node/bin/node', '/bin/true');
      writeFileSync(join(folder, name), text);
    }
    const paths = units.map((name) => join(folder, name));
    const { error, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], {
      encoding: 'utf8',
    });
    if (error) console.log('systemd-analyze is not installed: the units were not read by systemd.');
    else if (stdout + stderr !== '') complain(`${FOLDER}: ${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
