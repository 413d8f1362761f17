import { readFileSync, writeFileSync } from 'node:fs';
import type { Operation } from '../../src/operations/operation.ts';
import { shippedOperations } from './operations.ts';
import type { Complain } from './read-yaml.ts';

const NGINX = 'deploy/nginx/http.conf';
const OPERATION_MODULE = new URL('../../dist/operations/operation.js', import.meta.url).href;
const GENERATED = /(^ *# operations: begin\n)([^]*?)(^ *# operations: end$)/m;

/**
 * Whether nginx knows which of the operations may be sent again.
 *
 * @param write puts the lines right instead
 */
export async function checkNginx(complain: Complain, write: boolean): Promise<void> {
  const text = readFileSync(NGINX, 'utf8');
  const wanted = await mapOfOperations();
  const updated = text.replace(GENERATED, (_, begin: string, _lines, end: string) => begin + wanted + end);
  if (updated === text) return;
  if (write) writeFileSync(NGINX, updated);
  else complain(`${NGINX}: does not know the operations: run node scripts/check-deploy.ts --write`);
}

async function mapOfOperations(): Promise<string> {
  const { isRepeatable } = (await import(
    OPERATION_MODULE
  )) as typeof import('../../src/operations/operation.ts');
  const lines = (await shippedOperations())
    .filter(isRepeatable)
    .map((operation) => `  '${patternOf(operation)}' true;`);
  return ['map $request_method:$uri $repeatable {', ...lines, '  default false;', '}', ''].join('\n');
}

function patternOf({ route }: Operation): string {
  const pattern = route
    .replace(' ', ':')
    .replaceAll('.', String.raw`\.`)
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return `~^${pattern}$`;
}
