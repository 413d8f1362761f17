import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import './needed-node.ts';

// Both would end the process until something listens to them, or open a debugger, which reads every secret.
process.on('SIGUSR1', () => undefined);
process.on('SIGHUP', () => undefined);

const args = process.argv.slice(2);
/** What `npm run build` kept of the compiled files. Another user, another Node or other flags of V8 find nothing there. */
const directory = fileURLToPath(new URL('compile-cache', import.meta.url));
// A check writes nothing, and Node adds to what it keeps.
if (args.length === 0 && existsSync(directory)) {
  process.getBuiltinModule('node:module').enableCompileCache({ directory, portable: true });
}

void import('./app.start.ts').then(({ run }) => run(args));
