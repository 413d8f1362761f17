/** A timer that is later than this was held up: the process was frozen, or its event loop blocked. */
const HELD_UP_MS = 100;

/**
 * Calls back when the time is over, once what has arrived meanwhile was read. After a pause of the process its late timers run
 * before its sockets are read, so that an answer could lie there unseen.
 *
 * @returns cancels it
 */
export function whenTimeIsOver(timeoutMs: number, isOver: () => void): () => void {
  let reading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    reading = setImmediate(isOver);
  }, timeoutMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
}

/**
 * Calls back when the time is over, as whenTimeIsOver does, for what takes several exchanges with a peer. When the process was
 * held up meanwhile, the time begins anew, once: the peer had nothing to answer to.
 *
 * @returns cancels it
 */
export function whenRunningTimeIsOver(timeoutMs: number, isOver: () => void): () => void {
  const dueAt = performance.now() + timeoutMs;
  let cancel = whenTimeIsOver(timeoutMs, () => {
    if (performance.now() - dueAt < HELD_UP_MS) isOver();
    else cancel = whenTimeIsOver(timeoutMs, isOver);
  });
  return () => cancel();
}
