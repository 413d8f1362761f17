import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { SETTINGS } from '../config/tokens.ts';

/** A pair of a `Forwarded` header, or nothing, and what ends it (RFC 7239, section 4). */
const FORWARDED_PAIR = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)[ \t]*)?([,;]|$)/y;
const IPV4_IN_IPV6 = /^::ffff:(?=\d+\.)/i;

/**
 * Who sent a request: the other end of its connection or, where that is a trusted proxy, whom the proxy names, and so on from hop
 * to hop. What a peer that is not trusted says of itself is not believed. A hop that names nobody (`unknown`, an obfuscated
 * identifier, nonsense) ends the way, and the proxy that said so stands for it.
 *
 * `X-Forwarded-For` comes before `Forwarded`, which counts only without it: a proxy that knows one of them may well pass on
 * what its client wrote into the other.
 */
@Injectable()
export class PeerAddress {
  private readonly trusted = new BlockList();

  constructor(@Inject(SETTINGS) { trustedProxies }: Pick<Settings, 'trustedProxies'>) {
    for (const entry of trustedProxies) {
      const [address = '', prefix] = entry.split('/');
      if (prefix === undefined) this.trusted.addAddress(address, familyOf(address));
      else this.trusted.addSubnet(address, Number(prefix), familyOf(address));
    }
  }

  /** @returns an IP address; undefined where the connection is gone, or has none */
  of(
    { remoteAddress = '' }: { readonly remoteAddress?: string | undefined },
    headers: IncomingHttpHeaders,
  ): string | undefined {
    let peer = addressIn(remoteAddress);
    if (peer === undefined || !this.isTrusted(peer)) return peer;
    for (const hop of hopsOf(headers).toReversed()) {
      const address = addressIn(hop);
      if (address === undefined) break;
      peer = address;
      if (!this.isTrusted(peer)) break;
    }
    return peer;
  }

  private isTrusted(address: string): boolean {
    return this.trusted.check(address, familyOf(address));
  }
}

/** From the one that is farthest away. Several headers of a name are one list. */
function hopsOf(headers: IncomingHttpHeaders): readonly string[] {
  const forwardedFor = headers['x-forwarded-for'];
  if (forwardedFor !== undefined) {
    return String(forwardedFor)
      .split(',')
      .map((hop) => hop.trim())
      .filter((hop) => hop !== '');
  }
  return forwardedHops(headers.forwarded ?? '');
}

/** The `for` of each element, without quotes; none of a header that breaks the grammar. */
function forwardedHops(header: string): readonly string[] {
  const hops: string[] = [];
  let hop: string | undefined;
  let isEmpty = true;
  FORWARDED_PAIR.lastIndex = 0;
  for (;;) {
    const pair = FORWARDED_PAIR.exec(header);
    if (!pair) return [];
    const [, name, value = '', end] = pair;
    if (name !== undefined) isEmpty = false;
    if (name?.toLowerCase() === 'for') hop = value.replaceAll(/^"|"$|\\(?=.)/g, '');
    if (end === ';') continue;
    // An element without `for` is a hop too, of which nobody says whence it came.
    if (!isEmpty) hops.push(hop ?? '');
    if (end === '') return hops;
    hop = undefined;
    isEmpty = true;
  }
}

/** The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`, in its one spelling. */
function addressIn(node: string): string | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\w+)?$/.exec(node) ?? [];
  const [address = ''] = (bracketed ?? dotted ?? node).split('%', 1);
  if (isIP(address) === 0) return undefined;
  return new SocketAddress({ address, family: familyOf(address) }).address.replace(IPV4_IN_IPV6, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
