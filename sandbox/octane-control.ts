import type { RequestListener } from 'node:http';
import { json, noContent, send, text, type Answer } from './answer.ts';
import { kinds, parseFault, type Faults } from './faults.ts';
import type { OctaneRecords } from './octane-records.ts';
import { operationNames } from './operations.ts';
import { readJson } from './read-json.ts';

type Handlers = Record<string, (body: unknown) => Answer>;

/** Commands for the sandbox's Octane: faults on request, and what it received, sent and stored. No authentication. */
export function controlApi(records: OctaneRecords, faults: Faults): RequestListener {
  const routes: Record<string, Handlers> = {
    '/': { GET: () => json(200, explanation) },
    '/fault': {
      GET: () => json(200, faults),
      PUT: (body) => {
        const asked = parseFault(body);
        if ('errors' in asked) return json(400, asked);
        faults.set(asked.fault);
        return json(200, faults);
      },
      DELETE: () => {
        faults.clear();
        return noContent();
      },
    },
    '/requests': {
      GET: () => json(200, records.requests),
      DELETE: () => {
        records.clearRequests();
        return noContent();
      },
    },
    '/emails': { GET: () => json(200, records.emails) },
    '/direct-debits': { GET: () => json(200, records.directDebits) },
    '/payments': { GET: () => json(200, records.payments) },
    '/payment-methods': { GET: () => json(200, records.paymentMethods) },
    '/customers': { GET: () => json(200, records.customers) },
    '/services': { GET: () => json(200, records.services) },
    '/reset': {
      POST: () => {
        faults.clear();
        records.clear();
        return noContent();
      },
    },
  };
  return (request, response) => {
    const serve = async () => {
      const body = await readJson(request);
      const [path = '/'] = (request.url ?? '/').split('?');
      const handlers = Object.hasOwn(routes, path) ? routes[path] : undefined;
      const handler = handlers?.[request.method ?? ''];
      if (!handlers) send(response, json(404, { errors: [`no ${path} here; GET / lists what is`] }));
      else if (!handler) send(response, text(405, undefined, { Allow: Object.keys(handlers).join(', ') }));
      else send(response, handler(body?.json));
    };
    serve().catch(() => response.destroy());
  };
}

const explanation = {
  about: 'Control of the sandbox Octane',
  routes: {
    'GET /fault': 'the active fault of each operation',
    'PUT /fault': 'sets a fault: {"kind": …} with the options below',
    'DELETE /fault': 'clears the faults',
    'GET /requests': 'what Octane received, oldest first, credentials masked',
    'DELETE /requests': 'forgets what it received',
    'GET /emails': 'the welcome emails that it sent',
    'GET /direct-debits': 'the direct debits that it stores',
    'GET /payments': 'the payments that it took',
    'GET /payment-methods': 'the payment methods that were added',
    'GET /customers': 'its customers, as they are now',
    'GET /services': 'their mobile services, with the data pool and the limit of each',
    'POST /reset': 'clears the faults and forgets everything',
  },
  faults: {
    options: {
      operation: `one of ${operationNames.join(', ')}; all of them when left out`,
      once: 'true: meets one request',
      times: 'meets so many requests; every one until cleared when both are left out',
      applied: 'whether the change is made all the same; each kind has its own default',
    },
    kinds,
  },
  example: { kind: 'status', status: 503, retryAfter: 2, operation: 'direct-debit', once: true },
};
