/** Keeps the event loop of this thread from turning, at no cost to who else computes. */
export function standStill(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}
