import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { shippedOperations } from './operations.ts';
import { at, type Complain, listOf, readMapping } from './read-yaml.ts';

const ALERTS = 'deploy/prometheus/alerts.yml';
const TESTS = 'deploy/prometheus/alerts.test.yml';
const DASHBOARD = 'deploy/grafana/dashboards/gateway.json';
const GUIDE = 'docs/operations.md';
const RUNBOOK = 'docs/runbook.md';
/** What the section of an alert in the runbook answers. */
const ANSWERS = ['Means', 'Look at', 'Do'];
const METRICS_MODULE = new URL('../../dist/telemetry/metrics.js', import.meta.url).href;
const OPERATIONS_MODULE = new URL('../../dist/operations/operations.js', import.meta.url).href;
/** Series that Prometheus makes itself, and the labels that it gives to every series. */
const OF_PROMETHEUS = new Set(['up', 'ALERTS']);
const LABELS_OF_PROMETHEUS = ['job', 'instance', 'le', 'alertname', 'alertstate'];

interface Known {
  /** What GET /metrics shows, and what rules make of it: each name with its type. */
  readonly types: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, Readonly<Record<string, readonly string[] | 'bounded'>>>>;
}

/** Every metric, label and value that is asked for is one that a gateway shows, and each metric is in the guide, and each alert in the runbook. */
export async function checkMonitoring(complain: Complain): Promise<void> {
  const all = listOf(readMapping(ALERTS, complain)['groups']).flatMap((group) => listOf(at(group, 'rules')));
  const rules = all.filter((rule) => at(rule, 'alert') !== undefined);
  const recorded = all.map((rule) => at(rule, 'record')).filter((name) => typeof name === 'string');
  const known = await metricsOfGateway(recorded);
  for (const rule of all) {
    const name = String(at(rule, 'alert') ?? at(rule, 'record'));
    checkExpression(String(at(rule, 'expr')), `${ALERTS}: ${name}`, known, complain);
  }
  const dashboard = readMapping(DASHBOARD, complain);
  for (const panel of listOf(dashboard['panels'])) {
    for (const target of listOf(at(panel, 'targets'))) {
      checkExpression(
        String(at(target, 'expr')),
        `${DASHBOARD}: ${String(at(panel, 'title'))}`,
        known,
        complain,
      );
    }
  }
  checkScreen(listOf(dashboard['panels']), complain);
  const alerts = rules.map((rule) => String(at(rule, 'alert')));
  checkTests(alerts, known, complain);
  checkRunbook(rules, listOf(dashboard['panels']), complain);
  checkGuide(known, complain);
}

/** @param recorded series that rules make */
async function metricsOfGateway(recorded: readonly string[]): Promise<Known> {
  const { Metrics } = (await import(METRICS_MODULE)) as typeof import('../../src/telemetry/metrics.ts');
  const { Operations } = (await import(
    OPERATIONS_MODULE
  )) as typeof import('../../src/operations/operations.ts');
  const metrics = new Metrics(new Operations(await shippedOperations()));
  metrics.includeNode();
  const lines = (await metrics.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return {
    types: new Map([
      ...[...lines].map(([, name = '', type = '']) => [name, type] as const),
      ...recorded.map((name) => [name, 'recorded'] as const),
    ]),
    labels: Object.fromEntries(metrics.labels),
  };
}

function checkExpression(expression: string, place: string, known: Known, complain: Complain): void {
  let metric = '';
  let label = '';
  parser.parse(expression).iterate({
    enter: ({ type, from, to, node: { parent } }) => {
      const text = expression.slice(from, to);
      if (type.isError) complain(`${place}: is not PromQL at ${from}`);
      if (type.name === 'Identifier' && parent?.name === 'VectorSelector') {
        metric = familyOf(text, known) ?? '';
        if (metric === '') complain(`${place}: no gateway shows ${text}`);
      }
      if (type.name === 'LabelName' && parent?.name === 'UnquotedLabelMatcher') {
        label = text;
        if (!labelsOf(metric, known).includes(label)) complain(`${place}: ${metric} has no label ${label}`);
      }
      if (type.name === 'StringLiteral' && parent?.name === 'UnquotedLabelMatcher') {
        const values = known.labels[metric]?.[label];
        if (!Array.isArray(values)) return;
        for (const value of (JSON.parse(text) as string).split('|').filter((each) => !values.includes(each)))
          complain(`${place}: ${label} is never ${value}`);
      }
    },
  });
}

/** `x_bucket`, `x_sum` and `x_count` are series of the histogram or summary `x`. */
function familyOf(series: string, { types }: Known): string | undefined {
  if (types.has(series) || OF_PROMETHEUS.has(series)) return series;
  const [, name = ''] = /^(.*)_(?:bucket|sum|count)$/.exec(series) ?? [];
  return ['histogram', 'summary'].includes(types.get(name) ?? '') ? name : undefined;
}

function labelsOf(metric: string, { labels }: Known): string[] {
  return [...Object.keys(labels[metric] ?? {}), ...LABELS_OF_PROMETHEUS];
}

/** At 3 a.m. nobody scrolls: 28 rows of Grafana's grid fit on a screen of 1080 lines. */
function checkScreen(panels: readonly unknown[], complain: Complain): void {
  const bottom = Math.max(
    ...panels.map((panel) => Number(at(panel, 'gridPos', 'y')) + Number(at(panel, 'gridPos', 'h'))),
  );
  if (!(bottom <= 28)) complain(`${DASHBOARD}: does not fit on one screen`);
}

/** promtool runs these tests; here is seen that each alert has one, and that they feed series that exist. */
function checkTests(alerts: readonly string[], known: Known, complain: Complain): void {
  const text = readFileSync(TESTS, 'utf8');
  for (const alert of alerts.filter((name) => !text.includes(`alertname="${name}"`))) {
    complain(`${TESTS}: does not try ${alert}`);
  }
  for (const test of listOf(readMapping(TESTS, complain)['tests'])) {
    for (const input of listOf(at(test, 'input_series'))) {
      checkExpression(String(at(input, 'series')), `${TESTS}: ${String(at(test, 'name'))}`, known, complain);
    }
  }
}

/** Each alert leads to its section, and each section is that of an alert and says what there is to say. */
function checkRunbook(rules: readonly unknown[], panels: readonly unknown[], complain: Complain): void {
  const runbook = readFileSync(RUNBOOK, 'utf8');
  for (const [, panel = ''] of runbook.matchAll(/"([A-Z][^"`]+)"/g))
    if (!panels.some((each) => at(each, 'title') === panel))
      complain(`${RUNBOOK}: no panel is called ${panel}`);
  const sections = new Map(
    runbook
      .split(/^##(?=#? )/m)
      .slice(1)
      .flatMap((section) => {
        const [, name] = /^# (\S+)\n/.exec(section) ?? [];
        return name === undefined ? [] : [[name, section] as const];
      }),
  );
  const places = new Set<string>();
  for (const rule of rules) {
    const alert = String(at(rule, 'alert'));
    const section = sections.get(alert) ?? '';
    const severity = at(rule, 'labels', 'severity') === 'page' ? 'Page' : 'Ticket';
    if (section === '') complain(`${RUNBOOK}: has no section ${alert}`);
    else if (!section.includes(`\n\n_${severity}`)) complain(`${RUNBOOK}: ${alert} is a ${severity}`);
    for (const answer of ANSWERS.filter((each) => section !== '' && !section.includes(`- **${each}.** `)))
      complain(`${RUNBOOK}: ${alert} does not say: ${answer}`);
    const [place = '', anchor] = String(at(rule, 'annotations', 'runbook_url')).split(RUNBOOK);
    places.add(place);
    if (anchor !== `#${alert.toLowerCase()}`) complain(`${ALERTS}: ${alert} does not lead to its section`);
    sections.delete(alert);
  }
  for (const name of sections.keys()) complain(`${RUNBOOK}: ${name} is no alert`);
  const [place = ''] = places;
  if (places.size > 1 || !URL.canParse(place)) complain(`${ALERTS}: runbook_url is not of one place`);
  else if (!readFileSync(GUIDE, 'utf8').includes(`s|${place.replace(/\/$/, '')}|`))
    complain(`${GUIDE}: does not say how to replace ${place}`);
}

function checkGuide(known: Known, complain: Complain): void {
  const guide = readFileSync(GUIDE, 'utf8');
  const both = guide + readFileSync(RUNBOOK, 'utf8');
  for (const metric of Object.keys(known.labels).filter((name) => !guide.includes(`\`${name}`))) {
    complain(`${GUIDE}: does not explain ${metric}`);
  }
  for (const [, named = ''] of both.matchAll(/`([a-z_]+_(?:total|seconds|bytes))`/g)) {
    if (familyOf(named, known) === undefined) complain(`${GUIDE}: no gateway shows ${named}`);
  }
}
