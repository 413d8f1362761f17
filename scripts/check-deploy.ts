/**
 * Checks what nobody here can run: the manifests, the compose file, the alerts and the dashboard, against their schemas and
 * against the gateway. Needs `npm run build` before. With Debian's package `prometheus` it also runs the tests of the alerts.
 */
import { spawnSync } from 'node:child_process';
import { checkCompose } from './deploy/compose.ts';
import { checkKubernetes } from './deploy/kubernetes.ts';
import { checkMonitoring } from './deploy/monitoring.ts';

const faults = new Set<string>();
const complain = (fault: string): void => void faults.add(fault);
await checkCompose(complain);
await checkKubernetes(complain);
await checkMonitoring(complain);

const promtool = spawnSync('promtool', ['test', 'rules', 'deploy/prometheus/alerts.test.yml'], {
  encoding: 'utf8',
});
if (promtool.error) console.log('promtool is not installed: the alerts were read, not run.');
else if (promtool.status !== 0) complain(`deploy/prometheus: ${promtool.stdout}${promtool.stderr}`);

for (const fault of faults) console.error(fault);
if (faults.size > 0) process.exitCode = 1;
else console.log('What is in deploy/ fits the gateway.');
