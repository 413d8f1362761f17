/** Lints openapi.json by Redocly's recommended rules, without the network. The exit code is 1 when it finds anything. */
import { createConfig, lint } from '@redocly/openapi-core';

const problems = await lint({
  ref: 'openapi.json',
  config: await createConfig({ extends: ['recommended'] }),
});
for (const { severity, ruleId, message, location } of problems) {
  console.error(`openapi.json${location[0]?.pointer ?? ''}: ${severity} ${ruleId}: ${message}`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
