import './needed-node.ts';

// Both would end the process until something listens to them, or open a debugger, which reads every secret.
process.on('SIGUSR1', () => undefined);
process.on('SIGHUP', () => undefined);

void import('./app.start.ts').then(({ run }) => run(process.argv.slice(2)));
