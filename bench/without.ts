/**
 * Preloaded into a gateway, takes away the parts that `WITHOUT` names, so that what they cost can be told. The product has no
 * such thing: classes lose their methods and a module its place before the gateway starts.
 */
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AuthenticateGuard } from '../src/auth/authenticate.guard.ts';
import type { VerifiedTokens } from '../src/auth/verified-tokens.ts';
import type { BodyPipe } from '../src/http/body.pipe.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { Limits } from '../src/limits/limits.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';
import type { PartName } from './parts.ts';
import { CLIENT, ISSUER, SCOPE } from './scenario.ts';

const PRINCIPAL = { issuer: ISSUER, subject: 'user-0', clientId: CLIENT, scopes: [SCOPE], claims: {} };

const TAKE_AWAY: Readonly<Record<PartName, () => Promise<void>>> = {
  journal: () =>
    replace<Journal>('journal/journal.js', 'Journal', {
      once: async (_, attempt) => (await attempt(() => Infinity)).answer,
    }),
  limits: () =>
    replace<Limits>('limits/limits.js', 'Limits', {
      countRequest: async () => {},
      countChange: (_change, _report, make) => make(),
      countCall: async () => {},
    }),
  logs: async () => {
    registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier.endsWith('/access-log.js') ? import.meta.url : specifier, context),
    });
  },
  metrics: () => replace<Metrics>('telemetry/metrics.js', 'Metrics', { count: () => {}, observe: () => {} }),
  validation: () =>
    replace<BodyPipe>('http/body.pipe.js', 'BodyPipe', {
      transform: (body) => body.read(),
    }),
  'token check': () =>
    replace<AuthenticateGuard>('auth/authenticate.guard.js', 'AuthenticateGuard', {
      canActivate: async (context) => {
        context.switchToHttp().getRequest<{ principal: typeof PRINCIPAL }>().principal = PRINCIPAL;
        return true;
      },
    }),
  'remembered tokens': () =>
    replace<VerifiedTokens>('auth/verified-tokens.js', 'VerifiedTokens', { remember: () => {} }),
};

/** In the place of the access log. */
export const logRequest: typeof import('../src/telemetry/access-log.ts').logRequest = () => {};

for (const part of (process.env['WITHOUT'] ?? '').split(',')) await TAKE_AWAY[part as PartName]();

/** @param file of the compiled gateway, below `dist` */
async function replace<T>(file: string, className: string, methods: Partial<T>): Promise<void> {
  const compiled = (await import(pathToFileURL(resolve('dist', file)).href)) as Record<
    string,
    { readonly prototype: object }
  >;
  Object.assign(compiled[className]!.prototype, methods);
}
