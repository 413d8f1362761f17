/**
 * What the journal costs: the same gateway with SQLite, with PostgreSQL, and with a store that remembers nothing, by turns
 * under the same load. Every request sets a direct debit with an Idempotency-Key of its own, the dearest thing that can be
 * asked of the journal: a key to claim, and a reply to seal and to keep.
 *
 *   npm run bench:journal -- [--rounds 5] [--requests 2000]
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { Pool } from 'undici';
import { compileGateway } from '../test/support/gateway-process.ts';
import { TestPostgres } from '../test/support/postgres.ts';
import { BenchedGateway } from './gateway.ts';

const CONCURRENCIES = [1, 32, 256];
/** One at a time says as much with fewer. */
const SHARE_OF_REQUESTS: Readonly<Record<number, number>> = { 1: 0.2 };
const WARM_UP_ROUNDS = 2;
const ISSUER = 'https://id.example.com/';
const BODY = JSON.stringify({
  directDebit: {
    directDebitType: 'STANDARD_DIRECT_DEBIT',
    ddNotificationFlag: 'Y',
    ddNotificationEmail: 'customer@example.com',
    ddPaymentDay: '15',
  },
});

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, requests: { type: 'string', default: '2000' } },
});
const [rounds, requests] = [Number(values.rounds), Number(values.requests)];

interface Run {
  readonly cpuMsPer1000: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

const build = await compileGateway();
const postgres = await TestPostgres.start();
const octane = createServer((request, response) => {
  const body: Buffer[] = [];
  request
    .on('data', (chunk: Buffer) => body.push(chunk))
    .on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.concat(body));
    });
});
await new Promise<void>((listening) => octane.listen(0, '127.0.0.1', listening));
const gateways: Record<string, BenchedGateway> = {};
try {
  const { token, environment } = await prepare(build.folder, (octane.address() as AddressInfo).port);
  const start = (databaseUrl: string, preloaded: string[] = []): Promise<BenchedGateway> =>
    BenchedGateway.start(build.folder, { ...environment, DATABASE_URL: databaseUrl }, preloaded);
  gateways['nothing'] = await start('sqlite:nothing.db', ['nothing-store.ts']);
  gateways['SQLite'] = await start('sqlite:journal.db');
  gateways['PostgreSQL'] = await start(await postgres.newDatabase());
  const runs = await measure(token);
  report(runs);
} finally {
  for (const gateway of Object.values(gateways)) await gateway.stop();
  octane.closeAllConnections();
  octane.close();
  await postgres.stop();
  await build.remove();
}

/** A gateway file with a key of our own, and a token that fits. */
async function prepare(
  folder: string,
  octanePort: number,
): Promise<{ token: string; environment: Record<string, string> }> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const gatewayFile = {
    issuers: [{ issuer: ISSUER, audience: 'octane-bff', publicKeyFile: 'issuer.pem' }],
    callers: [{ clientId: 'bench', issuer: ISSUER, groupno: '1001', customers: 'any' }],
    groups: [{ groupno: '1001', usernameEnv: 'OCTANE_USERNAME', passwordEnv: 'OCTANE_PASSWORD' }],
  };
  await writeFile(join(folder, 'issuer.pem'), await exportSPKI(publicKey));
  await writeFile(join(folder, 'gateway.yaml'), JSON.stringify(gatewayFile));
  const token = await new SignJWT({ client_id: 'bench', scope: 'direct-debit:write' })
    .setProtectedHeader({ alg: 'RS256' })
    .setIssuer(ISSUER)
    .setAudience('octane-bff')
    .setSubject('bench')
    .setExpirationTime('1h')
    .sign(privateKey);
  const environment = {
    OCTANE_BASE_URL: `http://127.0.0.1:${octanePort}/tiab/api`,
    OCTANE_USERNAME: 'bench',
    OCTANE_PASSWORD: 'bench',
    GATEWAY_FILE: 'gateway.yaml',
    OCTANE_MAX_IN_FLIGHT: '10000',
    CALLER_RATE_LIMIT: '100000000',
    MAX_EVENT_LOOP_DELAY_MS: '0',
  };
  return { token, environment };
}

async function measure(token: string): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>();
  const stores = Object.keys(gateways);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const concurrency of CONCURRENCIES) {
      // Another one goes first each round, so that a machine that slows down slows all of them.
      for (const offset of stores.keys()) {
        const store = stores[(offset + round + WARM_UP_ROUNDS) % stores.length]!;
        const count = Math.round(requests * (SHARE_OF_REQUESTS[concurrency] ?? 1));
        const run = await load(gateways[store]!, token, concurrency, count);
        const name = nameOf(store, concurrency);
        if (round >= 0) runs.set(name, [...(runs.get(name) ?? []), run]);
      }
    }
  }
  return runs;
}

async function load(
  gateway: BenchedGateway,
  token: string,
  concurrency: number,
  count: number,
): Promise<Run> {
  const pool = new Pool(gateway.url, { connections: concurrency, pipelining: 1 });
  const latenciesMs: number[] = [];
  let left = count;
  const client = async (): Promise<void> => {
    while ((left -= 1) >= 0) {
      const start = performance.now();
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: `/v1/customers/${700_000 + (left % 10_000)}/direct-debit`,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: BODY,
      });
      const answer = await body.text();
      if (statusCode !== 200) throw new Error(`the gateway answered ${statusCode}: ${answer}`);
      latenciesMs.push(performance.now() - start);
    }
  };
  const cpuBefore = await gateway.cpuMs();
  const startMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, client));
  const seconds = (performance.now() - startMs) / 1000;
  const cpuMs = (await gateway.cpuMs()) - cpuBefore;
  await pool.close();
  latenciesMs.sort((a, b) => a - b);
  return {
    cpuMsPer1000: (cpuMs / count) * 1000,
    p50Ms: latenciesMs[Math.floor(count * 0.5)]!,
    p99Ms: latenciesMs[Math.floor(count * 0.99)]!,
    perSecond: count / seconds,
  };
}

function nameOf(store: string, concurrency: number): string {
  return `${store} at ${concurrency}`;
}

function report(runs: Map<string, Run[]>): void {
  const median = (store: string, concurrency: number, of: keyof Run): number => {
    const figures = runs.get(nameOf(store, concurrency))!.map((run) => run[of]);
    return figures.toSorted((a, b) => a - b)[figures.length >> 1]!;
  };
  console.log(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.versions.node}, ${rounds} rounds of ${requests} requests; medians.\n`,
  );
  console.log(
    '| requests at a time | store | requests/s | CPU ms per 1,000 | added | p50 ms | added | p99 ms | added |',
  );
  console.log('| --: | --- | --: | --: | --: | --: | --: | --: | --: |');
  for (const concurrency of CONCURRENCIES) {
    for (const store of Object.keys(gateways)) {
      const withAdded = (of: keyof Run, digits: number): string => {
        const [figure, base] = [median(store, concurrency, of), median('nothing', concurrency, of)];
        const added =
          store === 'nothing' ? '' : `${figure < base ? '−' : '+'}${Math.abs(figure - base).toFixed(digits)}`;
        return `${figure.toFixed(digits)} | ${added}`;
      };
      console.log(
        `| ${concurrency} | ${store} | ${Math.round(median(store, concurrency, 'perSecond'))} | ${withAdded('cpuMsPer1000', 0)} | ${withAdded('p50Ms', 2)} | ${withAdded('p99Ms', 1)} |`,
      );
    }
  }
}
