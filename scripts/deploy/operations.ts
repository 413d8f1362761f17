import { loadSettings } from '../../src/config/settings.ts';
import type { Operation } from '../../src/operations/operation.ts';

const APP_MODULE = new URL('../../dist/app.module.js', import.meta.url).href;

/** Those of config/operations.yaml. */
export async function shippedOperations(): Promise<Operation[]> {
  const { openOperations } = (await import(APP_MODULE)) as typeof import('../../src/app.module.ts');
  const settings = loadSettings({
    OCTANE_BASE_URL: 'http://127.0.0.1',
    OPERATIONS_FILE: 'config/operations.yaml',
  });
  return openOperations(settings).operations.map(({ operation }) => operation);
}
