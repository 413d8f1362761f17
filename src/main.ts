/**
 * The entry. It imports nothing when it is loaded, and is written so that an old Node can read it too: that one must be able
 * to say what it lacks, and would fail at the files of the gateway.
 */
const NEEDED_NODE = 24;

// Both would end the process until something listens to them, or open a debugger, which reads every secret.
process.on('SIGUSR1', () => undefined);
process.on('SIGHUP', () => undefined);

if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE) {
  process.stderr.write(
    `octane-bff needs Node ${NEEDED_NODE} or later; this is Node ${process.versions.node}\n`,
  );
  process.exit(1);
}
void import('./app.start.ts').then(({ run }) => run(process.argv.slice(2)));
