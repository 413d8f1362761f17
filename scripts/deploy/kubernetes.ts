import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseEnv } from 'node:util';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Job } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Namespace, Service, ServiceAccount } from 'kubernetes-models/v1';
import ts from 'typescript';
import { loadSettings } from '../../src/config/settings.ts';
import { at, type Complain, isMapping, listOf, type Mapping, readMapping, readYaml } from './read-yaml.ts';

/** What is asked of each class: the schema behind it. */
interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  new (manifest?: never): { validate(): void };
}

const KINDS: readonly Kind[] = [
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  Namespace,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  ServiceAccount,
];
const BASE = 'deploy/kubernetes/base';
const OVERLAY = 'deploy/kubernetes/overlays/example';
const LOAD_GATEWAY_FILE = new URL('../../dist/config/gateway-file.js', import.meta.url).href;

/** The manifests against the schemas of Kubernetes, and what they say of the gateway against the gateway itself. */
export async function checkKubernetes(complain: Complain): Promise<void> {
  for (const folder of [BASE, OVERLAY]) checkKustomization(folder, complain);
  const manifests = [BASE, OVERLAY].flatMap((folder) =>
    filesOf(folder)
      .filter((file) => file !== 'kustomization.yaml' && file !== 'gateway.yaml' && file.endsWith('.yaml'))
      .flatMap((file) =>
        readYaml(join(folder, file), complain).map((manifest) => ({ path: join(folder, file), manifest })),
      ),
  );
  checkSchemas(manifests, complain);
  const ofKind = (kind: string): unknown =>
    manifests.find(({ manifest }) => at(manifest, 'kind') === kind)?.manifest;
  checkDeployment(ofKind('Deployment'), ofKind('Service'), complain);
  checkJob(ofKind('Job'), ofKind('Service'), complain);
  for (const kind of ['Deployment', 'Job']) {
    checkDatabase(ofKind(kind), complain);
    const labels = JSON.stringify(labelsOf(ofKind(kind)));
    const isCovered = manifests.some(
      ({ manifest }) => JSON.stringify(at(manifest, 'spec', 'podSelector', 'matchLabels')) === labels,
    );
    if (!isCovered) complain(`${BASE}: no network policy is about the ${kind}`);
  }
  await checkOverlay(ofKind('Deployment'), complain);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder).toSorted();
}

/** Each file of a folder is named by its kustomization, and each name is that of a file. */
function checkKustomization(folder: string, complain: Complain): void {
  const kustomization = readMapping(join(folder, 'kustomization.yaml'), complain);
  const named = [
    ...listOf(kustomization['resources']),
    ...listOf(kustomization['configMapGenerator']).flatMap((generator) => [
      ...listOf(at(generator, 'files')),
      ...listOf(at(generator, 'envs')),
    ]),
  ]
    .map(String)
    .filter((name) => !name.startsWith('../'));
  const there = filesOf(folder).filter((file) => file !== 'kustomization.yaml');
  for (const name of named.filter((file) => !there.includes(file)))
    complain(`${folder}: there is no ${name}`);
  for (const file of there.filter((name) => !named.includes(name))) {
    complain(`${folder}/kustomization.yaml: does not name ${file}`);
  }
}

interface Manifest {
  readonly path: string;
  readonly manifest: unknown;
}

/**
 * The schemas forbid no unknown property, as the API server does for those who ask it. So the manifests are also compiled as
 * literals of their TypeScript types, where an unknown property is an error.
 */
function checkSchemas(manifests: readonly Manifest[], complain: Complain): void {
  const literals: { path: string; source: string }[] = [];
  for (const { path, manifest } of manifests) {
    const Kind = KINDS.find(
      ({ apiVersion, kind }) => apiVersion === at(manifest, 'apiVersion') && kind === at(manifest, 'kind'),
    );
    if (!Kind || !isMapping(manifest)) {
      complain(`${path}: is of no kind that this check knows`);
      continue;
    }
    try {
      new Kind(manifest as never).validate();
    } catch (error) {
      complain(`${path}: ${(error as Error).message}`);
    }
    literals.push({
      path,
      source: `import type { I${Kind.kind} } from 'kubernetes-models/${Kind.apiVersion}';
        export const manifest: I${Kind.kind} = ${JSON.stringify(manifest, null, 1)};`,
    });
  }
  for (const { path, message } of compile(literals)) complain(`${path}: ${message}`);
}

function compile(literals: readonly { path: string; source: string }[]): { path: string; message: string }[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
  };
  const sources = new Map(
    literals.map(({ path, source }) => [join(process.cwd(), `${path}.ts`), { path, source }] as const),
  );
  const host = ts.createCompilerHost(options);
  const disk = ts.sys;
  host.fileExists = (file) => sources.has(file) || disk.fileExists(file);
  host.readFile = (file) => sources.get(file)?.source ?? disk.readFile(file);
  const program = ts.createProgram([...sources.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    path: sources.get(file?.fileName ?? '')?.path ?? 'deploy/kubernetes',
    message: ts.flattenDiagnosticMessageText(messageText, ' '),
  }));
}

function checkDeployment(deployment: unknown, service: unknown, complain: Complain): void {
  const labels = labelsOf(deployment);
  for (const [what, selector] of [
    ['the deployment', at(deployment, 'spec', 'selector', 'matchLabels')],
    ['the service', at(service, 'spec', 'selector')],
  ] as const) {
    if (JSON.stringify(selector) !== JSON.stringify(labels)) complain(`${BASE}: ${what} selects other pods`);
  }
  const settings = loadSettings({
    OCTANE_BASE_URL: 'https://octane.invalid',
    ...variablesWithDatabase(deployment),
  });
  if (settings.migrateOnStart)
    complain(`${BASE}: the gateways change the schema, although there is a job for it`);
  const graceMs = Number(at(deployment, 'spec', 'template', 'spec', 'terminationGracePeriodSeconds')) * 1000;
  if (!(graceMs > settings.drainDelayMs + settings.shutdownGraceMs)) {
    complain(`${BASE}: a pod is killed before DRAIN_DELAY_MS + SHUTDOWN_GRACE_MS are over`);
  }
  if (settings.shutdownGraceMs < settings.drainDelayMs + settings.octaneTimeoutMs) {
    complain(`${BASE}: SHUTDOWN_GRACE_MS leaves no time for the budget of Octane after DRAIN_DELAY_MS`);
  }
  const ports = listOf(at(container(deployment), 'ports'));
  const portOf = (name: string): unknown =>
    at(
      ports.find((port) => at(port, 'name') === name),
      'containerPort',
    );
  if (portOf('api') !== settings.port || portOf('management') !== settings.managementPort) {
    complain(`${BASE}: the ports are not those that the gateway listens on`);
  }
  const annotated = at(deployment, 'spec', 'template', 'metadata', 'annotations', 'prometheus.io/port');
  if (annotated !== String(settings.managementPort)) complain(`${BASE}: Prometheus is sent to another port`);
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const { port, path } = (at(container(deployment), probe, 'httpGet') ?? {}) as Mapping;
    const expected = probe === 'readinessProbe' ? '/health/ready' : '/health/live';
    if (port !== 'management' || path !== expected) complain(`${BASE}: ${probe} asks ${String(path)}`);
  }
  if (settings.managementHost !== '0.0.0.0')
    complain(`${BASE}: the kubelet cannot reach the management port`);
}

function checkJob(job: unknown, service: unknown, complain: Complain): void {
  const [program, script] = listOf(at(container(job), 'command'));
  if (program !== 'node' || !existsSync(String(script))) complain(`${BASE}: the job runs ${String(script)}`);
  if (JSON.stringify(labelsOf(job)) === JSON.stringify(at(service, 'spec', 'selector')))
    complain(`${BASE}: the service selects the job`);
}

/** Where a pod's DATABASE_URL is: in the file of a mounted secret, and in no variable. */
function checkDatabase(workload: unknown, complain: Complain): void {
  const file = literalVariables(workload)['DATABASE_URL_FILE'] ?? '';
  const mount = listOf(at(container(workload), 'volumeMounts')).find(
    (candidate) => at(candidate, 'mountPath') === dirname(file),
  );
  const volume = listOf(at(workload, 'spec', 'template', 'spec', 'volumes')).find(
    (candidate) => at(candidate, 'name') === at(mount, 'name'),
  );
  const fault = (text: string): void => complain(`${BASE}: the ${String(at(workload, 'kind'))} ${text}`);
  if (!mount || !at(volume, 'secret')) fault('has its DATABASE_URL_FILE in no mounted secret');
  if (listOf(at(container(workload), 'env')).some((variable) => at(variable, 'name') === 'DATABASE_URL'))
    fault('has its database in a variable');
}

/** The overlay's settings and gateway file are read by the gateway's own code, with secrets where the pod would have them. */
async function checkOverlay(deployment: unknown, complain: Complain): Promise<void> {
  const mounts = listOf(at(container(deployment), 'volumeMounts'));
  const mountOf = (name: string): string =>
    String(
      at(
        mounts.find((mount) => at(mount, 'name') === name),
        'mountPath',
      ),
    );
  const gatewayFile = join(OVERLAY, 'gateway.yaml');
  const entries = listOf(readMapping(gatewayFile, complain)['groups']);
  const secrets = entries.flatMap((group) =>
    ['usernameFile', 'passwordFile'].map((key) => String(at(group, key))),
  );
  const folder = mkdtempSync(join(tmpdir(), 'octane-bff-secrets-'));
  try {
    for (const secret of secrets) {
      if (secret !== join(mountOf('octane-credentials'), basename(secret))) {
        complain(`${gatewayFile}: ${secret} is not in a folder where secrets are mounted`);
      }
      writeFileSync(join(folder, basename(secret)), 'secret');
    }
    const text = readFileSync(gatewayFile, 'utf8').replaceAll(mountOf('octane-credentials'), folder);
    writeFileSync(join(folder, 'gateway.yaml'), text);
    const variables: Record<string, string> = {
      ...variablesWithDatabase(deployment),
      ...(parseEnv(readFileSync(join(OVERLAY, 'settings.env'), 'utf8')) as Record<string, string>),
    };
    if (variables['GATEWAY_FILE'] !== join(mountOf('gateway-file'), 'gateway.yaml')) {
      complain(`${BASE}: GATEWAY_FILE is not where the gateway file is mounted`);
    }
    const settings = loadSettings({ ...variables, GATEWAY_FILE: join(folder, 'gateway.yaml') });
    const { loadGatewayFile } = (await import(
      LOAD_GATEWAY_FILE
    )) as typeof import('../../src/config/gateway-file.ts');
    loadGatewayFile(settings);
  } catch (error) {
    complain(`${OVERLAY}: the gateway would not start: ${(error as Error).message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function labelsOf(workload: unknown): unknown {
  return at(workload, 'spec', 'template', 'metadata', 'labels');
}

function container(workload: unknown): unknown {
  return at(workload, 'spec', 'template', 'spec', 'containers', 0);
}

/** With the content of the secret in the place of its file. */
function variablesWithDatabase(deployment: unknown): Record<string, string> {
  return {
    ...literalVariables(deployment),
    DATABASE_URL_FILE: '',
    DATABASE_URL: 'postgres://user:password@postgres/octane_bff?sslmode=verify-full',
  };
}

function literalVariables(workload: unknown): Record<string, string> {
  return Object.fromEntries(
    listOf(at(container(workload), 'env'))
      .filter((variable) => at(variable, 'value') !== undefined)
      .map((variable) => [String(at(variable, 'name')), String(at(variable, 'value'))]),
  );
}
