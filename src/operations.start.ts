import { OPERATIONS } from './app.module.ts';
import { Refusal } from './config/command-line.ts';
import { ConfigurationError } from './config/configuration-error.ts';
import { loadSetting } from './config/settings.ts';
import { answerTo } from './described/cli.ts';

try {
  const inCode = OPERATIONS.map(({ operation }) => operation);
  process.stdout.write(answerTo(process.argv.slice(2), loadSetting('operationsFile'), inCode));
} catch (error) {
  if (!(error instanceof ConfigurationError || error instanceof Refusal)) throw error;
  process.stderr.write(`${error.message.trimEnd()}\n`);
  process.exitCode = 1;
}
