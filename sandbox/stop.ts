const parentPollMs = 500;

/**
 * Resolves when this program is to end: at the first SIGINT, SIGTERM or SIGHUP, and when nobody reads its output any more. The
 * signals that follow are ignored, so that what was begun is also closed.
 */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    process.stdout.on('error', () => resolve());
    // npm passes a SIGTERM to its shell alone, which dies of it: that our parent is gone is all that we see.
    if (process.env['npm_lifecycle_event'] !== undefined) {
      const parent = process.ppid;
      setInterval(() => process.ppid !== parent && resolve(), parentPollMs).unref();
    }
  });
}
