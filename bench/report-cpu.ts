/** Preloaded into a gateway: answers each message of the benchmark with the CPU time that the process has used so far. */
process.on('message', () => process.send?.(process.cpuUsage()));
