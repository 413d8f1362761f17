import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { PeerAddress } from './peer-address.ts';

const PROXY = '10.0.0.1';
const peers = new PeerAddress({ trustedProxies: [PROXY, '10.1.0.0/16', 'fd00::/8', '192.0.2.200'] });
const from = (remoteAddress: string | undefined, headers: IncomingHttpHeaders = {}): string | undefined =>
  peers.of({ remoteAddress }, headers);
const xForwardedFor = (value: string): string | undefined => from(PROXY, { 'x-forwarded-for': value });
const forwarded = (value: string): string | undefined => from(PROXY, { forwarded: value });

describe('the peer', () => {
  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['::ffff:198.51.100.1', '198.51.100.1'],
    ['::FFFF:C633:6401', '198.51.100.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::1', '::1'],
    [undefined, undefined],
    ['', undefined],
  ])('is the other end of the connection, %j as %j', (address, peer) => {
    expect(from(address)).toBe(peer);
  });

  it('is nobody else, whatever one says that is not trusted', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' };
    expect(from('198.51.100.1', headers)).toBe('198.51.100.1');
    expect(new PeerAddress({ trustedProxies: [] }).of({ remoteAddress: PROXY }, headers)).toBe(PROXY);
  });

  it.each([PROXY, `::ffff:${PROXY}`, '10.1.255.255', 'fd12::7', 'fd12::7%eth0', '192.0.2.200'])(
    'is whom the trusted proxy %s names',
    (proxy) => {
      expect(from(proxy, { 'x-forwarded-for': '198.51.100.1' })).toBe('198.51.100.1');
      expect(from(proxy, { forwarded: 'for=198.51.100.1' })).toBe('198.51.100.1');
    },
  );

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['198.51.100.1:49152', '198.51.100.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:DB8::1]:443', '2001:db8::1'],
    ['[::ffff:198.51.100.1]:443', '198.51.100.1'],
    ['[fe80::1%25eth0]', 'fe80::1'],
    ['203.0.113.9, 198.51.100.1', '198.51.100.1'],
    ['203.0.113.9,198.51.100.1:1', '198.51.100.1'],
    ['203.0.113.9 ,\t198.51.100.1 ', '198.51.100.1'],
    ['198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['203.0.113.9, 198.51.100.1:7, 10.1.2.3:8080, [fd00::2]:9', '198.51.100.1'],
    ['198.51.100.1, 10.0.0.2', '10.0.0.2'],
    ['unknown, 198.51.100.1', '198.51.100.1'],
    [',, 198.51.100.1, ,', '198.51.100.1'],
    ['10.1.0.1, 10.1.0.2', '10.1.0.1'],
  ])('of X-Forwarded-For: %s is %s', (value, peer) => {
    expect(xForwardedFor(value)).toBe(peer);
  });

  it.each([
    ['for=198.51.100.1', '198.51.100.1'],
    ['For="198.51.100.1:49152"', '198.51.100.1'],
    ['for=198.51.100.1:49152', '198.51.100.1'],
    ['for="[2001:db8::1]"', '2001:db8::1'],
    ['FOR="[2001:DB8::1]:443";proto=https;by=10.0.0.1', '2001:db8::1'],
    ['for="[2001:db8::1]:_port"', '2001:db8::1'],
    ['proto=https;for=198.51.100.1;host="a,b;c\\"d"', '198.51.100.1'],
    ['by=10.0.0.1 ; for=198.51.100.1', '198.51.100.1'],
    ['for="198\\.51.100.1"', '198.51.100.1'],
    ['for=203.0.113.9, for=198.51.100.1', '198.51.100.1'],
    ['for=203.0.113.9,for=198.51.100.1;by=10.1.0.1,for="10.1.2.3:80"', '198.51.100.1'],
    ['for=unknown, for=198.51.100.1', '198.51.100.1'],
    [', for=198.51.100.1, ,', '198.51.100.1'],
  ])('of Forwarded: %s is %s', (value, peer) => {
    expect(forwarded(value)).toBe(peer);
  });

  it.each(['', ' ', ',', ', ,'])('is the trusted proxy that says nothing: %j', (value) => {
    expect(xForwardedFor(value)).toBe(PROXY);
    expect(forwarded(value)).toBe(PROXY);
  });

  it.each(['unknown', '_hidden', 'localhost', '198.51.100', '198.51.100.256', '198.51.100.1:', '::1]'])(
    'is the trusted proxy that hides it behind X-Forwarded-For: %j',
    (value) => {
      expect(xForwardedFor(value)).toBe(PROXY);
      expect(xForwardedFor(`198.51.100.1, ${value}, 10.1.2.3`)).toBe('10.1.2.3');
    },
  );

  it.each([
    ';',
    'for=unknown',
    'for=_hidden',
    'for="_SEVKISEK"',
    'proto=https;by=198.51.100.1',
    'for',
    'for=',
    'for="198.51.100.1',
    'for=198.51.100.1 for=198.51.100.2',
    'for = 198.51.100.1',
    'for=198.51.100.1, "',
    '198.51.100.1',
    'for=2001:db8::1:443:',
    'for="[2001:db8::1"',
  ])('is the trusted proxy that hides it behind Forwarded: %j', (value) => {
    expect(forwarded(value)).toBe(PROXY);
  });

  it('is the one of X-Forwarded-For where both are there', () => {
    const peerOfBoth = (both: IncomingHttpHeaders): string | undefined => from(PROXY, both);
    expect(peerOfBoth({ 'x-forwarded-for': '198.51.100.1', forwarded: 'for=203.0.113.9' })).toBe(
      '198.51.100.1',
    );
    expect(peerOfBoth({ 'x-forwarded-for': 'unknown', forwarded: 'for=203.0.113.9' })).toBe(PROXY);
  });

  const client = fc.ipV4().filter((address) => from(address) === address && !isTrusted(address));
  const trustedHop = fc.constantFrom(PROXY, '10.1.7.7', 'fd00::7');
  const spoofed = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });

  function isTrusted(address: string): boolean {
    return from(address, { 'x-forwarded-for': '198.51.100.254' }) !== address;
  }

  it('is the last address that no trusted proxy vouches for, whatever stands in front of it', () => {
    fc.assert(
      fc.property(spoofed, client, fc.array(trustedHop, { maxLength: 4 }), (lie, address, hops) => {
        expect(xForwardedFor([lie, address, ...hops].join(', '))).toBe(address);
      }),
    );
  });

  it('is never the choice of a client that its proxy names in Forwarded', () => {
    fc.assert(
      fc.property(spoofed, client, fc.array(trustedHop, { maxLength: 4 }), (lie, address, hops) => {
        const named = [address, ...hops].map((hop) => `for="${hop.includes(':') ? `[${hop}]` : hop}"`);
        // A lie that breaks the grammar breaks the whole header.
        expect([address, PROXY]).toContain(forwarded([lie, ...named].join(', ')));
      }),
    );
  });

  it('is found in no time, however long the header', () => {
    for (const text of ['"', '\\"', 'for="', ' ', ',', ';', 'for=1;', '"\\', '1.', '[', ':1']) {
      const value = text.repeat(2_000_000 / text.length);
      expect(xForwardedFor(`${value}x`)).toBeDefined();
      expect(forwarded(`${value}x`)).toBeDefined();
    }
  });
});
