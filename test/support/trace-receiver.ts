import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import protobuf from 'protobufjs';

/** A span as it came over the wire; ids in hex digits, times in nanoseconds. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly unknown[];
  /** Of the service that sent it. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

const { root } = await protobuf.load(resolve('test/support/otlp-trace.proto'));
const exportRequest = root.lookupType('ExportTraceServiceRequest');

/** What a collector does with an export. */
type Collecting = (response: ServerResponse) => void;

const accept: Collecting = (response) => response.writeHead(200).end();

/** A collector of traces: takes OTLP over HTTP, in protobuf. */
export class TraceReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** Every export, byte for byte. */
  readonly exports: { readonly headers: IncomingMessage['headers']; readonly bytes: Buffer }[] = [];
  collect: Collecting = accept;
  private readonly server: Server = createServer((request, response) => {
    this.receive(request, response).catch(() => response.destroy());
  });

  static async start(port = 0): Promise<TraceReceiver> {
    const receiver = new TraceReceiver();
    await new Promise<void>((listening) => receiver.server.listen(port, '127.0.0.1', listening));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The span of a trace with this name; the tests have one of each. */
  find(traceId: string, name: string): ReceivedSpan | undefined {
    return this.spans.find((span) => span.traceId === traceId && span.name === name);
  }

  ofTrace(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    this.exports.push({ headers: request.headers, bytes });
    if (request.method !== 'POST' || request.url !== '/v1/traces') response.statusCode = 404;
    else this.spans.push(...decode(bytes));
    this.collect(response);
  }
}

function decode(bytes: Buffer): ReceivedSpan[] {
  const { resourceSpans } = exportRequest.toObject(exportRequest.decode(bytes), {
    longs: String,
    enums: String,
    defaults: true,
    arrays: true,
  }) as any;
  return resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
    scopeSpans.flatMap(({ spans }: any) =>
      spans.map((span: any) => ({
        ...span,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        status: span.status?.code ?? 'UNSET',
        startedAt: BigInt(span.startTimeUnixNano),
        endedAt: BigInt(span.endTimeUnixNano),
        attributes: valuesOf(span.attributes),
        resource: valuesOf(resource.attributes),
      })),
    ),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function valuesOf(attributes: any[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [type, plain] = Object.entries(value)[0]!;
      return [key, type === 'intValue' ? Number(plain) : (plain as string | number | boolean)];
    }),
  );
}
