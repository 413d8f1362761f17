import { TestEnvironment } from 'jest-environment-node';

/** Far longer than a socket or a process needs to be gone, also on a busy machine. */
const USUAL_PATIENCE_MS = 20_000;
const INTERVAL_MS = 20;
/** What never keeps a process: the clock of the event loop's delay, which the metrics of Node cannot stop. */
const HARMLESS = 'IntervalHistogram';

/**
 * Node's environment, and a spec file fails that leaves something open which would keep its process: a socket, a server, a child
 * process, a timer, a thread. The error names the kinds, as `process.getActiveResourcesInfo()` does.
 */
export default class Environment extends TestEnvironment {
  /** @type {Map<string, number>} */
  before = new Map();
  failed = false;

  /**
   * @param {ConstructorParameters<typeof TestEnvironment>[0]} config
   * @param {ConstructorParameters<typeof TestEnvironment>[1]} context
   */
  constructor(config, context) {
    super(config, context);
    this.patienceMs = Number(config.projectConfig.testEnvironmentOptions['patienceMs'] ?? USUAL_PATIENCE_MS);
  }

  async setup() {
    await super.setup();
    // Jest opens it as soon as a file imports node:process.
    void process.stdin;
    this.before = countResources();
  }

  /** @param {{ name: string }} event */
  handleTestEvent({ name }) {
    this.failed ||= name === 'test_fn_failure' || name === 'hook_failure';
  }

  async teardown() {
    await super.teardown();
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
