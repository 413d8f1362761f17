/**
 * Checks what nobody here can run: the Dockerfile, the manifests, the compose file, the units, the alerts and the dashboard,
 * against their schemas and against the gateway. Needs `npm run build` before. With Debian's packages `prometheus` and `systemd`
 * it also runs the tests of the alerts, and has the units read. With `--write` it puts right what follows from the operations.
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { checkCompose } from './deploy/compose.ts';
import { checkDockerfile } from './deploy/dockerfile.ts';
import { checkHelm } from './deploy/helm.ts';
import { checkKubernetes } from './deploy/kubernetes.ts';
import { checkMonitoring } from './deploy/monitoring.ts';
import { checkNginx } from './deploy/nginx.ts';
import { checkOneMachine } from './deploy/one-machine.ts';
import { startFlags } from './start-flags.ts';

const faults = new Set<string>();
const complain = (fault: string): void => void faults.add(fault);
await checkCompose(complain);
await checkKubernetes(complain);
checkHelm(complain, process.argv.includes('--write'));
await checkMonitoring(complain);
checkDockerfile(complain);
await checkNginx(complain, process.argv.includes('--write'));
await checkOneMachine(complain);
await checkStart();

const promtool = spawnSync('promtool', ['test', 'rules', 'deploy/prometheus/alerts.test.yml'], {
  encoding: 'utf8',
});
if (promtool.error) console.log('promtool is not installed: the alerts were read, not run.');
else if (promtool.status !== 0) complain(`deploy/prometheus: ${promtool.stdout}${promtool.stderr}`);

for (const fault of faults) console.error(fault);
if (faults.size > 0) process.exitCode = 1;
else console.log('What is in deploy/ fits the gateway.');

/** The image must run as `npm start` does, which the benchmark measures. */
async function checkStart(): Promise<void> {
  const command = (await readFile('Dockerfile', 'utf8'))
    .split('\n')
    .findLast((line) => line.startsWith('CMD '));
  const missing = (await startFlags()).filter((flag) => command?.includes(`"${flag}"`) !== true);
  if (missing.length > 0) complain(`Dockerfile: CMD lacks ${missing.join(' ')} of npm start`);
}
