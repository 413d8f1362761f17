import { loadSettings } from '../config/settings.ts';
import { AuthFailureLimit } from './auth-failure-limit.ts';

const settings = loadSettings({ OCTANE_BASE_URL: 'https://octane.example', AUTH_FAILURE_RATE_LIMIT: '1' });

/** Whether a bad token of that peer is one too many. */
function isRefused(limit: AuthFailureLimit, address: string): boolean {
  try {
    limit.count(address, () => undefined);
    return false;
  } catch {
    return true;
  }
}

describe('the limit of bad tokens', () => {
  it('remembers so many peers and no more: the one that it saw first is forgotten first', () => {
    const limit = new AuthFailureLimit(settings);
    isRefused(limit, '192.0.2.1');
    for (let peer = 1; peer < 10_000; peer += 1) isRefused(limit, `10.1.${peer >> 8}.${peer & 255}`);
    expect(isRefused(limit, '192.0.2.1')).toBe(true);
    expect(isRefused(limit, '192.0.2.2')).toBe(false);
    expect(isRefused(limit, '192.0.2.1')).toBe(false);
    expect(isRefused(limit, '192.0.2.2')).toBe(true);
  });
});
