import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Nothing but the page under test may use the network; QUIC and the sandbox do not work in every container. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts a headless Chromium: that of `CHROMIUM_PATH`, or the first one in the usual places.
 *
 * @throws Error that says how to install one
 */
export function startBrowser(): Promise<Browser> {
  const named = process.env['CHROMIUM_PATH'];
  const executablePath = named ?? USUAL_PLACES.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      'There is no Chromium: install it (Debian: apt-get install chromium) or name it with CHROMIUM_PATH.',
    );
  }
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}
