import { existsSync, readFileSync } from 'node:fs';
import { loadSettings, type Settings, SETTINGS_TABLE } from '../../src/config/settings.ts';
import {
  at,
  type Complain,
  isMapping,
  listOf,
  type Mapping,
  milliseconds,
  readMapping,
} from './read-yaml.ts';

const COMPOSE = 'docker-compose.yml';
const GATEWAY_FILE = 'deploy/compose/gateway.yaml';
const LOAD_GATEWAY_FILE = new URL('../../dist/config/gateway-file.js', import.meta.url).href;

/** docker-compose.yml, and whether nginx and Prometheus speak of the same services, ports and times as it does. */
export async function checkCompose(complain: Complain): Promise<void> {
  const compose = readMapping(COMPOSE, complain);
  const services = Object.entries(isMapping(compose['services']) ? compose['services'] : {});
  for (const [name, service] of services) checkService(name, service as Mapping, compose, complain);
  const gateways = services.filter(
    ([, service]) => at(service, 'environment', 'OCTANE_BASE_URL') !== undefined,
  );
  if (gateways.length < 2) complain(`${COMPOSE}: there are fewer than two gateways`);
  for (const [name, gateway] of gateways) {
    const settings = await loadAll(gateway, compose, complain, name);
    if (!settings) continue;
    if (!(milliseconds(at(gateway, 'stop_grace_period')) > settings.shutdownGraceMs)) {
      complain(`${COMPOSE}: ${name} is killed before SHUTDOWN_GRACE_MS is over`);
    }
    const edge = at(compose, 'networks', 'edge', 'ipam', 'config', 0, 'subnet');
    if (!settings.trustedProxies.includes(String(edge)))
      complain(`${COMPOSE}: ${name} does not trust the network edge`);
    checkBalancer(name, settings, complain);
    const prometheus = readMapping('deploy/prometheus/prometheus.yml', complain);
    const targets = at(prometheus, 'scrape_configs', 0, 'static_configs', 0, 'targets');
    if (!listOf(targets).includes(`${name}:${settings.managementPort}`)) {
      complain(`deploy/prometheus/prometheus.yml: does not ask ${name}`);
    }
  }
}

function checkService(name: string, service: Mapping, compose: Mapping, complain: Complain): void {
  const fault = (text: string): void => complain(`${COMPOSE}: ${name} ${text}`);
  const image = typeof service['image'] === 'string' ? service['image'] : '';
  if (service['build'] === undefined && !/:v?\d+\.\d+/.test(image)) fault('has an image without a version');
  if (/^[^/]*[.:][^/]*\//.test(image)) fault('has an image with the host of a registry');
  for (const volume of listOf(service['volumes']).map(String)) {
    const [source = ''] = volume.split(':');
    const isThere = source.startsWith('.')
      ? existsSync(source)
      : isMapping(compose['volumes']) && source in compose['volumes'];
    if (!isThere) fault(`mounts ${source}, which is not there`);
  }
  for (const port of listOf(service['ports']).map(String)) {
    if (!port.startsWith('127.0.0.1:')) fault(`publishes ${port} to more than this machine`);
  }
  for (const network of listOf(service['networks']).map(String)) {
    if (!isMapping(compose['networks']) || !(network in compose['networks']))
      fault(`is in no network ${network}`);
  }
  const test = at(service, 'healthcheck', 'test');
  if (service['build'] === undefined || test !== undefined) {
    if (!listOf(test).length || !listOf(test).every((word) => typeof word === 'string'))
      fault('has no health check of words');
  }
  for (const other of Object.keys(isMapping(service['depends_on']) ? service['depends_on'] : {})) {
    if (at(compose, 'services', other) === undefined) fault(`depends on ${other}, which is not there`);
  }
}

/** The gateway's own reading of its variables and its files. */
async function loadAll(
  gateway: unknown,
  compose: Mapping,
  complain: Complain,
  name: string,
): Promise<Settings | undefined> {
  const environment = { ...(at(gateway, 'environment') as Record<string, string>) };
  if (environment['DATABASE_URL'] !== undefined)
    complain(`${COMPOSE}: ${name} has its database in a variable`);
  for (const secret of listOf(at(gateway, 'secrets')).map(String)) {
    const file = at(compose, 'secrets', secret, 'file');
    if (environment['DATABASE_URL_FILE'] === `/run/secrets/${secret}`)
      environment['DATABASE_URL_FILE'] = String(file);
  }
  const known = new Set<string>(Object.values(SETTINGS_TABLE).map(({ variable }) => variable));
  for (const variable of Object.keys(environment)) {
    if (!known.has(variable) && !/^OCTANE_\d+_(USERNAME|PASSWORD)$/.test(variable)) {
      complain(`${COMPOSE}: ${name} has ${variable}, which the gateway does not know`);
    }
  }
  try {
    const settings = loadSettings(environment);
    const { loadGatewayFile } = (await import(
      LOAD_GATEWAY_FILE
    )) as typeof import('../../src/config/gateway-file.ts');
    loadGatewayFile({ ...settings, gatewayFile: GATEWAY_FILE });
    return settings;
  } catch (error) {
    complain(`${COMPOSE}: ${name} would not start: ${(error as Error).message}`);
    return undefined;
  }
}

function checkBalancer(name: string, settings: Settings, complain: Complain): void {
  const script = readFileSync('deploy/nginx/balance.sh', 'utf8');
  if (!script.includes(`${name}:${settings.port}=${name}:${settings.managementPort}`)) {
    complain(`deploy/nginx/balance.sh: does not know ${name} and its ports`);
  }
  const nginx = readFileSync('deploy/nginx/server.conf', 'utf8').replaceAll(/#.*/g, '');
  const directive = (word: string): string => new RegExp(`\\b${word} ([^;]*);`).exec(nginx)?.[1] ?? '';
  if (!(milliseconds(directive('proxy_read_timeout')) > settings.octaneTimeoutMs + 5000)) {
    complain(
      'deploy/nginx/server.conf: proxy_read_timeout is shorter than an answer of the gateway may take',
    );
  }
  if (directive('proxy_next_upstream') !== 'error timeout') {
    complain('deploy/nginx/server.conf: proxy_next_upstream may send a POST twice');
  }
}
