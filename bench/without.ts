/**
 * Preloaded into a gateway, takes away the parts that `WITHOUT` names, so that what they cost can be told. The product has no
 * such thing: classes lose their methods and a module its place before the gateway starts.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AuthenticateGuard } from '../src/auth/authenticate.guard.ts';
import type { VerifiedTokens } from '../src/auth/verified-tokens.ts';
import type { RequestLine } from '../src/audit/request-line.ts';
import type { BodyPipe } from '../src/dispatch/body.pipe.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { Limits } from '../src/limits/limits.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import type { PartName } from './parts.ts';
import { CLIENT, ISSUER, SCOPE } from './scenario.ts';

const PRINCIPAL = {
  issuer: ISSUER,
  subject: 'user-0',
  clientId: CLIENT,
  scopes: [SCOPE],
  jkt: undefined,
  claims: {},
};

const TAKE_AWAY: Readonly<Record<PartName, () => Promise<void>>> = {
  journal: () =>
    replace<Journal>('journal/journal.js', 'Journal', {
      once: async (_, attempt) => (await attempt(() => Infinity)).answer,
    }),
  limits: () =>
    replace<Limits>('limits/limits.js', 'Limits', {
      countRequest: async () => {},
      countChange: (_operation, _request, make) => make(),
      countCall: async () => {},
    }),
  logs: () => replace<RequestLine>('audit/request-line.js', 'RequestLine', { log: () => {} }),
  metrics: () => replace<Metrics>('telemetry/metrics.js', 'Metrics', { count: () => {}, observe: () => {} }),
  validation: async () => {
    const { readJson } = await compiled<typeof import('../src/http/json-body.ts')>('http/json-body.js');
    await replace<BodyPipe>('dispatch/body.pipe.js', 'BodyPipe', {
      transform: async (request) => (await readJson(request))?.json,
    });
  },
  'token check': async () => {
    const { principalSlot } = await compiled<typeof import('../src/auth/principal.ts')>('auth/principal.js');
    await replace<AuthenticateGuard>('auth/authenticate.guard.js', 'AuthenticateGuard', {
      canActivate: async (context) => {
        principalSlot.set(context.switchToHttp().getRequest(), PRINCIPAL);
        return true;
      },
    });
  },
  'remembered tokens': () =>
    replace<VerifiedTokens>('auth/verified-tokens.js', 'VerifiedTokens', { remember: () => {} }),
};

for (const part of (process.env['WITHOUT'] ?? '').split(',')) await TAKE_AWAY[part as PartName]();

/** @param file of the compiled gateway, below `dist` */
async function replace<T>(file: string, className: string, methods: Partial<T>): Promise<void> {
  const exports = await compiled<Record<string, { readonly prototype: object }>>(file);
  Object.assign(exports[className]!.prototype, methods);
}

async function compiled<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(resolve('dist', file)).href)) as T;
}
