import { userInfo } from 'node:os';
import { recordedName } from '../telemetry/recorded-name.ts';

/** Who runs a command: the user of the operating system, or its number where that has no name, as in many containers. */
export function commandUser(): string {
  try {
    return recordedName(userInfo().username);
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
