import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { SETTINGS_TABLE } from '../../src/config/settings.ts';
import { at, type Complain, isMapping, readMapping, readYaml } from './read-yaml.ts';

const CHART = 'deploy/helm/octane-bff';
const BASE = 'deploy/kubernetes/base';
/** The only template that is not of the base. */
const CONFIG = 'config.yaml';
const IMAGE =
  '{{ toJson (printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag)) }}';

/** In what a template differs from the file of the base: each text stands there, and in its place stands the other. */
const DIFFERENCES: Readonly<Record<string, readonly (readonly [base: string, template: string])[]>> = {
  'autoscaler.yaml': [
    ['minReplicas: 2', 'minReplicas: {{ .Values.replicas.min }}'],
    ['maxReplicas: 6', 'maxReplicas: {{ .Values.replicas.max }}'],
  ],
  'deployment.yaml': [
    ['image: octane-bff\n', `image: ${IMAGE}\n`],
    [
      'prometheus.io/path: /metrics\n',
      'prometheus.io/path: /metrics\n        checksum/settings: {{ toJson .Values.settings | sha256sum | toJson }}\n',
    ],
  ],
  'disruption-budget.yaml': [],
  'migrate.yaml': [
    [
      'so delete the old job before you apply another version.',
      'so each revision of the release has its own.',
    ],
    ['  name: octane-bff-migrate\n  labels', '  name: octane-bff-migrate-{{ .Release.Revision }}\n  labels'],
    ['image: octane-bff\n', `image: ${IMAGE}\n`],
  ],
  'network-policy.yaml': ['ingress', 'monitoring', 'database'].map(
    (name) =>
      [
        `kubernetes.io/metadata.name: ${name} `,
        `kubernetes.io/metadata.name: {{ toJson .Values.namespaces.${name} }} `,
      ] as const,
  ),
  'service.yaml': [],
  'serviceaccount.yaml': [],
};

/**
 * The chart against the base, from which its templates are made, and its values against their schema. With Debian's package
 * `golang-go` the templates are rendered by the engine of Helm, and have to come out as the base.
 *
 * @param write makes the templates instead
 */
export function checkHelm(complain: Complain, write: boolean): void {
  const templates = new Map(
    Object.entries(DIFFERENCES).map(([name, differences]) => [name, templateOf(name, differences, complain)]),
  );
  for (const [name, text] of templates) {
    const path = join(CHART, 'templates', name);
    if (write) writeFileSync(path, text);
    else if (readdirSync(join(CHART, 'templates')).includes(name) && readFileSync(path, 'utf8') === text)
      continue;
    else complain(`${path}: is not made from ${BASE}: run node scripts/check-deploy.ts --write`);
  }
  const wanted = readdirSync(BASE).filter((name) => name !== 'kustomization.yaml');
  for (const name of wanted.filter((each) => !templates.has(each))) complain(`${CHART}: lacks ${name}`);
  checkVersion(complain, write);
  const values = checkValues(complain);
  const rendered = render(
    { ...Object.fromEntries(templates), [CONFIG]: readFileSync(join(CHART, 'templates', CONFIG), 'utf8') },
    values,
    complain,
  );
  if (rendered) checkRendered(rendered, values, complain);
}

function templateOf(
  name: string,
  differences: readonly (readonly [string, string])[],
  complain: Complain,
): string {
  return differences.reduce(
    (text, [before, after]) => {
      if (!text.includes(before)) complain(`${BASE}/${name}: has no ${before.trim()}, which ${CHART} needs`);
      return text.replaceAll(before, after);
    },
    readFileSync(join(BASE, name), 'utf8'),
  );
}

function checkVersion(complain: Complain, write: boolean): void {
  const path = join(CHART, 'Chart.yaml');
  const text = readFileSync(path, 'utf8');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const updated = text.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`);
  if (write) writeFileSync(path, updated);
  else if (updated !== text) complain(`${path}: is not of version ${version}`);
}

function checkValues(complain: Complain): Record<string, unknown> {
  const values = readMapping(join(CHART, 'values.yaml'), complain);
  const schema = readMapping(join(CHART, 'values.schema.json'), complain);
  const ajv = new Ajv({ allErrors: true });
  if (!ajv.validate(schema, values)) complain(`${CHART}/values.yaml: ${ajv.errorsText()}`);
  const known = new Set<string>(Object.values(SETTINGS_TABLE).map(({ variable }) => variable));
  for (const name of Object.keys(isMapping(values['settings']) ? values['settings'] : {}))
    if (!known.has(name)) complain(`${CHART}/values.yaml: the gateway does not know ${name}`);
  return { ...values, gatewayFile: '# as "it" is\n' };
}

/** @returns undefined where there is no Go, or a template is faulty */
function render(
  templates: Record<string, string>,
  values: unknown,
  complain: Complain,
): Record<string, string> | undefined {
  const data = { Values: values, Chart: { AppVersion: '1.2.3' }, Release: { Revision: 7 } };
  const { error, status, stdout, stderr } = spawnSync('go', ['run', 'scripts/deploy/render-chart.go'], {
    encoding: 'utf8',
    input: JSON.stringify({ templates, data }),
  });
  if (error) console.log('go is not installed: the chart was compared with the manifests, not rendered.');
  else if (status !== 0) complain(`${CHART}: ${stderr}`);
  else return JSON.parse(stdout) as Record<string, string>;
  return undefined;
}

/** With the values as they are shipped, the base comes out, with the image, the job's name and the digest of the settings. */
function checkRendered(
  rendered: Readonly<Record<string, string>>,
  values: Readonly<Record<string, unknown>>,
  complain: Complain,
): void {
  const documentsOf = (text: string): unknown[] =>
    parseAllDocuments(text).map((document) => {
      for (const { message } of document.errors) complain(`${CHART}: ${message}`);
      return document.toJS() as unknown;
    });
  const [settings, gatewayFile] = documentsOf(rendered[CONFIG] ?? '').map((map) => at(map, 'data'));
  if (!isDeepStrictEqual(settings, values['settings'])) complain(`${CHART}: the settings come out wrong`);
  if (at(gatewayFile, 'gateway.yaml') !== values['gatewayFile'])
    complain(`${CHART}: the gateway file comes out wrong`);
  for (const name of Object.keys(DIFFERENCES)) {
    const text = (rendered[name] ?? '')
      .replaceAll('"octane-bff:1.2.3"', 'octane-bff')
      .replace('octane-bff-migrate-7', 'octane-bff-migrate')
      .replace(/^ +checksum\/settings: "[0-9a-f]{64}"\n/m, '');
    if (!isDeepStrictEqual(documentsOf(text), readYaml(join(BASE, name), complain)))
      complain(`${CHART}/templates/${name}: does not come out as ${BASE}/${name}`);
  }
}
