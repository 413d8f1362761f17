/**
 * What a beforeAll could not start, its afterAll cannot stop: that second error would only cover the first one. So an afterAll
 * may fail only where every beforeAll of its file came to its end.
 */
let unfinished = 0;
const { beforeAll: begin, afterAll: end } = globalThis;

type Hook = () => unknown;

globalThis.beforeAll = ((hook: Hook, timeoutMs?: number) =>
  begin(async () => {
    unfinished += 1;
    await hook();
    unfinished -= 1;
  }, timeoutMs)) as typeof beforeAll;

globalThis.afterAll = ((hook: Hook, timeoutMs?: number) =>
  end(async () => {
    try {
      await hook();
    } catch (error) {
      if (unfinished === 0) throw error;
    }
  }, timeoutMs)) as typeof afterAll;
