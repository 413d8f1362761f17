import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { ExportResultCode, TraceState } from '@opentelemetry/core';
import type { ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { FastifyRequest } from 'fastify';
import { methodOf } from '../operations/operation.ts';
import type { Operation } from '../operations/operation.ts';
import { Problem } from '../problems/problem.ts';
import { failureCause } from './failure-cause.ts';
import { packageVersion } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { recordedName } from './recorded-name.ts';
import { parseTraceparent, traceIdSlot } from './trace-context.ts';
import { Tracing } from './tracing.ts';
import type { Served, Step, TraceHeaders } from './tracing.ts';

const SERVICE_NAME = 'octane-bff';
/** A slow collector costs this many spans of memory, some 1 KB each; what comes beyond it is dropped. */
const MAX_QUEUED_SPANS = 8192;
const EXPORT_DELAY_MS = 2000;
/** Batches under way at one time: the whole queue and one more, as when the gateway leaves. */
const MAX_EXPORTS = 17;
const FLUSH_PATIENCE_MS = 2000;
/** How long exports must have worked before another failure is news. */
const WELL_AGAIN_AFTER_MS = 60_000;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

interface Running {
  readonly span: Span;
  /** What a monotonic clock lacks to the time of day; the same for all spans of a request, so that they fit into each other. */
  readonly clockOffsetMs: number;
}

/**
 * Tracing by OpenTelemetry's SDK, exported by OTLP over HTTP. Spans are made by hand: instrumentation that patches modules would
 * put URLs, and with them customers, into attributes. A trace is recorded unless the app says that it does not record it.
 */
export class OpenTelemetryTracing extends Tracing {
  private readonly running = new AsyncLocalStorage<Running>();
  private readonly ofRequest = new WeakMap<FastifyRequest, Running>();
  private readonly exporter: SpanExporter;
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;
  private readonly octane: Attributes;

  /** @param endpoint without a slash at its end */
  constructor(endpoint: string, { protocol, hostname, port }: URL, metrics: Metrics) {
    super();
    this.exporter = new SteadyExporter(
      new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, concurrencyLimit: MAX_EXPORTS }),
      metrics,
    );
    this.provider = new TracerProvider({
      resource: defaultResource()
        .merge(resourceFromAttributes({ 'service.name': SERVICE_NAME, 'service.version': packageVersion() }))
        .merge(
          detectResources({
            detectors: [serviceInstanceIdDetector, resourceAttributesEnvDetector, serviceNameEnvDetector],
          }),
        ),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: this.exporter,
          maxQueueSize: MAX_QUEUED_SPANS,
          scheduledDelayMillis: EXPORT_DELAY_MS,
        }),
      ],
    });
    this.tracer = this.provider.getTracer(SERVICE_NAME);
    this.octane = {
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
    };
  }

  begin(request: FastifyRequest, serve: () => void): void {
    const method = METHODS.has(request.method) ? request.method : undefined;
    const route = request.routeOptions.url;
    const clockOffsetMs = Date.now() - performance.now();
    const span = this.tracer.startSpan(
      [method ?? 'HTTP', route].filter(Boolean).join(' '),
      {
        kind: SpanKind.SERVER,
        startTime: timeOf(clockOffsetMs),
        attributes: {
          'http.request.method': method ?? '_OTHER',
          'url.scheme': 'http',
          ...(route !== undefined && { 'http.route': route }),
        },
      },
      contextOfApp(request),
    );
    traceIdSlot.set(request, span.spanContext().traceId);
    const running = { span, clockOffsetMs };
    this.ofRequest.set(request, running);
    this.running.run(running, serve);
  }

  end(request: FastifyRequest, { status, client, group, problem, isReplay }: Served): void {
    const running = this.ofRequest.get(request);
    if (!running) return;
    const { span, clockOffsetMs } = running;
    span.setAttributes({
      'http.response.status_code': status,
      ...(client !== undefined && { 'octane_bff.client': recordedName(client) }),
      ...(group !== undefined && { 'octane_bff.group': group }),
      ...(problem && { 'octane_bff.problem': problem.code }),
      ...(isReplay && { 'octane_bff.replayed': true }),
    });
    if (problem && problem.status >= 500) markFailed(span, problem.code);
    span.end(timeOf(clockOffsetMs));
  }

  step<T>(name: Step, run: () => Promise<T>): Promise<T> {
    return this.within(name, {}, run);
  }

  attempt<T>(operation: Operation, resends: number, run: () => Promise<T>): Promise<T> {
    const attributes = {
      ...this.octane,
      'http.request.method': methodOf(operation.octane),
      ...(resends > 0 && { 'http.request.resend_count': resends }),
    };
    return this.within(
      `${methodOf(operation.octane)} ${operation.name}`,
      { kind: SpanKind.CLIENT, attributes },
      run,
    );
  }

  answered(status: number): void {
    this.running.getStore()?.span.setAttribute('http.response.status_code', status);
  }

  headers(received: TraceHeaders): TraceHeaders {
    const running = this.running.getStore();
    if (!running) return received;
    const { traceId, spanId, traceFlags, traceState } = running.span.spanContext();
    const flags = traceFlags.toString(16).padStart(2, '0');
    return {
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      tracestate: traceState?.serialize() || undefined,
    };
  }

  async flush(): Promise<void> {
    const sent = this.provider
      .forceFlush({ timeoutMillis: FLUSH_PATIENCE_MS })
      .then(() => this.exporter.forceFlush?.())
      // The exporter has told of it.
      .catch(() => undefined);
    await Promise.race([sent, wait(FLUSH_PATIENCE_MS, undefined, { ref: false })]);
  }

  private async within<T>(name: string, options: SpanOptions, run: () => Promise<T>): Promise<T> {
    const parent = this.running.getStore();
    if (!parent) return run();
    const { clockOffsetMs } = parent;
    const span = this.tracer.startSpan(
      name,
      { ...options, startTime: timeOf(clockOffsetMs) },
      trace.setSpan(ROOT_CONTEXT, parent.span),
    );
    try {
      return await this.running.run({ span, clockOffsetMs }, run);
    } catch (error) {
      const { code, status } = error instanceof Problem ? error : INTERNAL_ERROR;
      // That a request is refused is no fault of the gateway, but that Octane refuses one is a failed call.
      if (status >= 500 || options.kind === SpanKind.CLIENT) markFailed(span, code);
      else span.setAttribute('octane_bff.problem', code);
      throw error;
    } finally {
      span.end(timeOf(clockOffsetMs));
    }
  }
}

/** Milliseconds since 1970, with fractions. */
function timeOf(clockOffsetMs: number): number {
  return clockOffsetMs + performance.now();
}

const INTERNAL_ERROR = { code: 'internal-error', status: 500 };

/** Without the error itself: its message may quote what the app sent. */
function markFailed(span: Span, code: string): void {
  span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
}

function contextOfApp({ headers }: FastifyRequest): Context {
  const parent = parseTraceparent(headers['traceparent']);
  if (!parent) return ROOT_CONTEXT;
  const { tracestate } = headers;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.traceId,
    spanId: parent.parentId,
    traceFlags: Number.parseInt(parent.flags, 16),
    isRemote: true,
    ...(typeof tracestate === 'string' && { traceState: new TraceState(tracestate) }),
  });
}

/** Exports outside of any request, and logs once that exports fail, however often they do. */
class SteadyExporter implements SpanExporter {
  private readonly logger = new Logger(OpenTelemetryTracing.name);
  private readonly outside = AsyncLocalStorage.snapshot();
  private failedAt = -Infinity;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly metrics: Metrics,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.outside(() =>
      this.exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        this.metrics.count('trace_exports_total', { result: failed ? 'failed' : 'succeeded' });
        if (failed) this.complain(result.error);
        done(result);
      }),
    );
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  private complain(error: Error | undefined): void {
    const now = performance.now();
    if (now - this.failedAt > WELL_AGAIN_AFTER_MS) {
      this.logger.warn({ cause: failureCause(error) }, 'traces cannot be exported');
    }
    this.failedAt = now;
  }
}
