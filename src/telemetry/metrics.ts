import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { limitNameOf, LIMITS, Operations } from '../operations/operations.ts';
import { PROBLEMS } from '../problems/catalogue.ts';

interface MetricKind {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /**
   * For each label its values, all of them. `operations` are the names of the open ones, `changes` of those that change something,
   * `limits` those of all limits; `bounded` where something else bounds them, which the help says.
   */
  readonly labels: Readonly<
    Record<string, readonly string[] | 'operations' | 'changes' | 'limits' | 'bounded'>
  >;
  /** Upper bounds, in seconds. */
  readonly buckets?: readonly number[];
}

const OUTCOMES = ['applied', 'rejected', 'not-sent', 'unknown'];
/** What a label says of a value that is none of its own: nobody outside can make a new series. */
const OTHER = 'other';

type LabelValues = Readonly<Record<string, readonly string[] | 'bounded'>>;

/** Every metric of the gateway beside those of Node: what GET /metrics on the management port shows. */
export const METRICS = {
  http_server_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the head of a request to its whole answer. route is the template of the route, or none for a request that no route took.',
    labels: {
      route: 'bounded',
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', OTHER],
      status: 'bounded',
    },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  },
  http_server_connections: {
    type: 'gauge',
    help: 'Connections to the port of the API that are open, idle ones included.',
    labels: {},
  },
  http_server_dropped_connections_total: {
    type: 'counter',
    help: 'Connections that were closed as soon as they were accepted, because there were too many.',
    labels: {},
  },
  problems_total: {
    type: 'counter',
    help: 'Requests that were refused or failed, by the code of the problem that they were answered with.',
    labels: { code: Object.keys(PROBLEMS) },
  },
  auth_failures_total: {
    type: 'counter',
    help: 'Requests without a good token, or whose good token did not permit them, by what was wrong. A bad token counts here also when it was answered with 429.',
    labels: {
      reason: [
        'missing',
        'malformed',
        'header',
        'algorithm',
        'type',
        'issuer',
        'key',
        'signature',
        'expired',
        'not-yet-valid',
        'lifetime',
        'audience',
        'claims',
        'bound',
        'unbound',
        'unproven',
        'other-key',
        'proof-missing',
        'proof-malformed',
        'proof-of-another-request',
        'proof-of-another-token',
        'proof-time',
        'proof-replayed',
        'journal-unavailable',
        'invalid-request',
        'keys-unavailable',
        'caller-not-mapped',
        'insufficient-scope',
        'customer-not-permitted',
        'insufficient-user-authentication',
      ],
    },
  },
  key_set_fetches_total: {
    type: 'counter',
    help: 'Attempts to fetch the key set of an issuer.',
    labels: { result: ['succeeded', 'failed'] },
  },
  key_set_age_seconds: {
    type: 'gauge',
    help: 'Time since the key set in use was asked for, for each issuer of the gateway file whose set was fetched. It is renewed after 300 s by the next token, and not used any more after 86400 s.',
    labels: { issuer: 'bounded' },
  },
  rate_limited_total: {
    type: 'counter',
    help: 'Requests that were refused because a limit was used up.',
    labels: {
      limit: 'limits',
    },
  },
  limit_fallbacks_total: {
    type: 'counter',
    help: 'Uses that this process counted alone because the database of the limits did not answer.',
    labels: {},
  },
  overloaded_total: {
    type: 'counter',
    help: 'Requests that were refused because the event loop lagged, or because no call to Octane could be begun.',
    labels: { reason: ['event-loop-delay', 'octane-in-flight', 'too-late'] },
  },
  changes_total: {
    type: 'counter',
    help: 'Changes that were put on record, by what became of them. Those that a crash left behind are not among them.',
    labels: { operation: 'changes', outcome: OUTCOMES },
  },
  idempotency_replays_total: {
    type: 'counter',
    help: 'Requests that were answered with the stored answer of the same request.',
    labels: {},
  },
  journal_write_duration_seconds: {
    type: 'histogram',
    help: 'Time that a request waited for the journal to write, once before its change and once after; failed writes included.',
    labels: {},
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  journal_failures_total: {
    type: 'counter',
    help: 'Writes of the journal, and attempts to open its store, that failed or took too long.',
    labels: {},
  },
  journal_backlog: {
    type: 'gauge',
    help: 'Outcomes of changes that may have been sent, whose write failed and is still to be made: only this process knows them.',
    labels: {},
  },
  journal_withdrawals: {
    type: 'gauge',
    help: 'Writes that failed and are still to be made, of changes that were never sent.',
    labels: {},
  },
  journal_writes_given_up_total: {
    type: 'counter',
    help: 'Writes of the journal that can never succeed, because the store refuses what they hold.',
    labels: {},
  },
  octane_request_duration_seconds: {
    type: 'histogram',
    help: 'Time of one request to Octane, each retry its own, by what is known of it.',
    labels: { operation: 'operations', outcome: OUTCOMES },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
  },
  octane_retries_total: {
    type: 'counter',
    help: 'Requests to Octane that repeated one that had failed.',
    labels: { operation: 'operations' },
  },
  octane_breaker_state: {
    type: 'gauge',
    help: 'Whether calls are let through to Octane: 0 closed, they are; 1 half-open, one finds out; 2 open, none is.',
    labels: { operation: 'operations' },
  },
  octane_in_flight: {
    type: 'gauge',
    help: 'Calls to Octane that are under way.',
    labels: {},
  },
  octane_in_flight_limit: {
    type: 'gauge',
    help: 'Calls to Octane that may be under way at one time: OCTANE_MAX_IN_FLIGHT.',
    labels: {},
  },
  log_lines_dropped_total: {
    type: 'counter',
    help: 'Log lines that were not written, because nobody read them or the disk was full.',
    labels: {},
  },
  octane_only_not_found: {
    type: 'gauge',
    help: '1 while Octane has answered all of the last calls, 10 or more, with 404: OCTANE_BASE_URL may lack a part of its path.',
    labels: {},
  },
  config_reloads_total: {
    type: 'counter',
    help: 'Changes of the gateway file, or of a file that it names, that were taken over or refused.',
    labels: { result: ['accepted', 'refused'] },
  },
  config_refused: {
    type: 'gauge',
    help: '1 while the files are not those in use, because they were refused: the gateway would not start with them.',
    labels: {},
  },
  gateway_ready: {
    type: 'gauge',
    help: '1 while /health/ready answers 200.',
    labels: {},
  },
  gateway_draining: {
    type: 'gauge',
    help: '1 from the signal to leave on.',
    labels: {},
  },
  trace_exports_total: {
    type: 'counter',
    help: 'Batches of spans that were sent to the collector; a failed one is lost.',
    labels: { result: ['succeeded', 'failed'] },
  },
  build_info: {
    type: 'gauge',
    help: 'Always 1; the version of the gateway and that of Node, of one process.',
    labels: { version: 'bounded', node: 'bounded' },
  },
} as const satisfies Record<string, MetricKind>;

type Named<Type> = {
  [N in keyof typeof METRICS]: (typeof METRICS)[N]['type'] extends Type ? N : never;
}[keyof typeof METRICS];
type Labels<N extends keyof typeof METRICS> = Readonly<Record<keyof (typeof METRICS)[N]['labels'], string>>;

/** What a gauge shows: a number, or one for each combination of labels. */
export type Reading<N extends keyof typeof METRICS> = number | readonly (readonly [Labels<N>, number])[];

/** What one gateway counts and shows. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  /** The values of the labels of each metric. */
  readonly labels = new Map<string, LabelValues>();
  private readonly counters = new Map<string, Counter>();
  private readonly histograms = new Map<string, Histogram>();
  private readonly readers = new Map<string, () => Reading<never> | Promise<Reading<never>>>();

  constructor(operations: Operations) {
    for (const [name, kind] of Object.entries<MetricKind>(METRICS)) {
      const labels = valuesOf(kind.labels, operations);
      this.labels.set(name, labels);
      this.register(name, kind, labels);
    }
    const labels = { version: packageVersion(), node: process.versions.node };
    this.read('build_info', () => [[labels, 1]]);
  }

  count<N extends Named<'counter'>>(name: N, labels: Labels<N>): void {
    this.counters.get(name)?.inc(this.known(name, labels));
  }

  observe<N extends Named<'histogram'>>(name: N, labels: Labels<N>, seconds: number): void {
    this.histograms.get(name)?.observe(this.known(name, labels), seconds);
  }

  /** Says what a gauge shows, or the counter of what is counted elsewhere, whenever somebody looks. */
  read<N extends Named<'gauge' | 'counter'>>(name: N, reader: () => Reading<N> | Promise<Reading<N>>): void {
    this.readers.set(name, reader);
  }

  /** Also shows what Node tells of this process. Measuring it costs a little, so only who shows it asks for it. */
  includeNode(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** In the text format of Prometheus, version 0.0.4. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  private known(
    name: keyof typeof METRICS,
    labels: Readonly<Record<string, string>>,
  ): Record<string, string> {
    const known = this.labels.get(name)!;
    const checked: Record<string, string> = {};
    for (const label in known) {
      const values = known[label]!;
      const value = labels[label] ?? OTHER;
      checked[label] = values === 'bounded' || values.includes(value) ? value : OTHER;
    }
    return checked;
  }

  private register(name: string, { type, help, buckets }: MetricKind, labels: LabelValues): void {
    const options = { name, help, labelNames: Object.keys(labels), registers: [this.registry] };
    switch (type) {
      case 'counter': {
        const show = async (): Promise<void> => {
          const total = await this.readers.get(name)?.();
          if (typeof total !== 'number') return;
          counter.reset();
          counter.inc(total);
        };
        const counter = new Counter({ ...options, collect: show });
        // A series that is not there yet has no rate: the first event would be lost to it.
        for (const combination of combinations(labels)) counter.inc(combination, 0);
        this.counters.set(name, counter);
        break;
      }
      case 'histogram': {
        const histogram = new Histogram({ ...options, buckets: [...(buckets ?? [])] });
        for (const combination of combinations(labels)) histogram.zero(combination);
        this.histograms.set(name, histogram);
        break;
      }
      case 'gauge': {
        const show = async (): Promise<void> => {
          const reading = (await this.readers.get(name)?.()) ?? [];
          gauge.reset();
          for (const [given, value] of typeof reading === 'number' ? [[{}, reading] as const] : reading) {
            gauge.set(given, value);
          }
        };
        const gauge = new Gauge({ ...options, collect: show });
      }
    }
  }
}

/** Every combination of the labels' values, where all of them are known. */
function combinations(labels: LabelValues): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (made, [label, values]) =>
      values === 'bounded'
        ? []
        : made.flatMap((each) => values.map((value) => ({ ...each, [label]: value }))),
    [{}],
  );
}

function valuesOf(labels: MetricKind['labels'], operations: Operations): LabelValues {
  const lists = {
    operations: operations.names,
    changes: operations.all.filter(({ kind }) => kind === 'change').map(({ name }) => name),
    limits: [
      ...LIMITS,
      ...operations.all.flatMap((each) => ('limit' in each ? [limitNameOf(each.name)] : [])),
    ],
    bounded: 'bounded',
  } as const;
  return Object.fromEntries(
    Object.entries(labels).map(([label, values]) => [
      label,
      typeof values === 'string' ? lists[values] : values,
    ]),
  );
}

export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
