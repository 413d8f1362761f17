/* Node itself loads the spec files and all that they import: once for a worker, and not once for each spec file. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { sourceMaps } from './module-hooks.js';

const require = createRequire(import.meta.url);
let files = 0;

/**
 * What Jest asks of a runtime: loads modules, and makes the object `jest`. A spec file and the files that set it up are run anew for
 * each; every other module is shared by the spec files of a worker.
 */
class Runtime {
  #environment;

  /**
   * @param {unknown} _config
   * @param {import('./environment.js').default} environment
   */
  constructor(_config, environment) {
    this.#environment = environment;
    files += 1;
  }

  /** @param {string} path */
  requireInternalModule(path) {
    // It keeps the tests that it was told of, so each spec file has its own.
    delete require.cache[path];
    return require(path);
  }

  /** @param {string} path */
  requireModule(path) {
    return require(path);
  }

  /** Everything here is an ES module. */
  unstable_shouldLoadAsEsm() {
    return true;
  }

  /** @param {string} path */
  unstable_importModule(path) {
    return import(`${pathToFileURL(path).href}?${files}`);
  }

  setGlobalsForRuntime() {
    const { moduleMocker: mocker, fakeTimersModern: timers, global } = this.#environment;
    const jest = {
      fn: mocker.fn.bind(mocker),
      spyOn: mocker.spyOn.bind(mocker),
      restoreAllMocks: () => mocker.restoreAllMocks(),
      useFakeTimers: timers.useFakeTimers.bind(timers),
      setSystemTime: timers.setSystemTime.bind(timers),
      useRealTimers: () => timers.useRealTimers(),
      advanceTimersByTime: timers.advanceTimersByTime.bind(timers),
      advanceTimersByTimeAsync: timers.advanceTimersByTimeAsync.bind(timers),
      getTimerCount: () => timers.getTimerCount(),
    };
    Object.assign(global, { jest });
  }

  getSourceMaps() {
    return sourceMaps;
  }

  getAllCoverageInfoCopy() {
    return undefined;
  }

  enterTestCode() {}
  leaveTestCode() {}
  teardown() {}
}

export { Runtime as 'module.exports' };
