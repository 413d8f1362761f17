import { rm } from 'node:fs/promises';
import { BUILD_FOLDER } from './gateway-process.ts';

export default async function tearDown(): Promise<void> {
  await rm(process.env[BUILD_FOLDER]!, { recursive: true, force: true });
}
