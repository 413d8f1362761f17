import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import parse from 'parse-prometheus-text-format';
import type { MetricFamily } from 'parse-prometheus-text-format';
import { ManagementModule } from '../../src/health/management.module.ts';
import type { TestGateway } from './gateway.ts';

/** What one look at the metrics showed. */
export class Scrape {
  readonly families: readonly MetricFamily[];
  private readonly samples = new Map<string, number>();

  constructor(readonly text: string) {
    this.families = parse(text);
    // The parser runs the series of one histogram together; as samples without a type it keeps them apart.
    for (const { name, metrics } of parse(text.replaceAll(/^# TYPE .* histogram$/gm, ''))) {
      for (const { labels = {}, value } of metrics) this.samples.set(seriesOf(name, labels), Number(value));
    }
  }

  /** The value of a counter or gauge, or how much a histogram has observed; 0 for what is not there. */
  value(name: string, labels: Record<string, string> = {}): number {
    return (
      this.samples.get(seriesOf(name, labels)) ?? this.samples.get(seriesOf(`${name}_count`, labels)) ?? 0
    );
  }

  /** The names of the labels of a metric. */
  readonly labelsOf = (name: string): string[] => {
    const series = this.text.match(new RegExp(`^${name}(?:_count)?(?:{(.*)})? `, 'm'));
    return [...(series?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label!).toSorted();
  };

  /** How many series there are, beside those of Node. */
  get size(): number {
    return [...this.samples.keys()].filter((series) => !/^(process|nodejs)_/.test(series)).length;
  }
}

/** The management port of a test's gateway. */
export class TestManagement {
  private constructor(
    private readonly app: NestFastifyApplication,
    readonly url: string,
  ) {}

  static async start(gateway: TestGateway): Promise<TestManagement> {
    const app = await NestFactory.create<NestFastifyApplication>(
      ManagementModule.of(gateway.application),
      new FastifyAdapter(),
      { logger: false },
    );
    await app.listen(0, '127.0.0.1');
    return new TestManagement(app, await app.getUrl());
  }

  async health(path: 'live' | 'ready'): Promise<{ status: number; json: any }> {
    const response = await fetch(`${this.url}/health/${path}`);
    return { status: response.status, json: await response.json() };
  }

  async scrape(): Promise<Scrape> {
    const response = await fetch(`${this.url}/metrics`);
    const type = response.headers.get('content-type');
    if (response.status !== 200 || type !== 'text/plain; version=0.0.4; charset=utf-8') {
      throw new Error(`/metrics answered ${response.status} with ${type}`);
    }
    return new Scrape(await response.text());
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name}${JSON.stringify(labels, Object.keys(labels).toSorted())}`;
}
