import { Operations } from '../../operations/operations.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import type { JournalStore } from './journal-store.ts';
import { StoreWatch } from './store-watch.ts';

/** What is promised, for both directions. */
const NOTICED_WITHIN_MS = 5000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const works = (): Promise<void> => Promise.resolve();
const fails = (): Promise<void> => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }));
/** As a store does that hangs: after a while it gives its connection up. */
const failsLate = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2500)).then(fails);

it.each([
  ['fails', fails],
  ['hangs', failsLate],
])('notices within 5 s that the store of an idle gateway %s, and that it works again', async (_, broken) => {
  let check = works;
  const store = { open: works, check: () => check() };
  const watch = new StoreWatch(store as unknown as JournalStore, new Metrics(new Operations([])));
  await watch.onModuleInit();
  await watch.onApplicationBootstrap();
  expect(watch.isUsable).toBe(true);

  check = broken;
  await jest.advanceTimersByTimeAsync(NOTICED_WITHIN_MS);
  expect(watch.isUsable).toBe(false);

  check = works;
  await jest.advanceTimersByTimeAsync(NOTICED_WITHIN_MS);
  expect(watch.isUsable).toBe(true);
  watch.onApplicationShutdown();
});
