import { request } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { Settings } from '../config/settings.ts';

/** One entry of NO_PROXY: hosts that are reached directly. */
interface Exception {
  readonly isOf: (host: string) => boolean;
  /** Undefined: every port. */
  readonly port: number | undefined;
}

/** The proxy behind which Octane and the issuers are, and what is reached without it. */
export class OutboundProxy {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly #authorization: string | undefined;
  private readonly exceptions: readonly Exception[];

  /**
   * @param url http: or https:, with a user name and a password where the proxy wants them
   * @param noProxy names, which stand for what is below them too, `*`, addresses and networks, each with a port or without
   */
  constructor(url: string, noProxy: string) {
    const { hostname, port, protocol, username, password } = new URL(url);
    this.host = hostname;
    this.isSecure = protocol === 'https:';
    this.port = Number(port || (this.isSecure ? 443 : 80));
    if (username !== '' || password !== '') {
      const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      this.#authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    }
    this.exceptions = noProxy.split(/[\s,]+/).flatMap((entry) => exceptionOf(entry.toLowerCase()) ?? []);
  }

  isFor(hostname: string, port: number): boolean {
    const host = withoutBrackets(hostname.toLowerCase()).replace(/\.$/, '');
    return !this.exceptions.some((entry) => (entry.port ?? port) === port && entry.isOf(host));
  }

  /**
   * Has the proxy connect an open connection to a host, and pass on what follows as it is.
   *
   * @throws Error with the code `EPROXY` when it does not
   */
  tunnel(socket: Socket, hostname: string, port: number): Promise<Socket> {
    const authority = `${hostname}:${port}`;
    return new Promise((resolve, reject) => {
      const connect = request({
        method: 'CONNECT',
        path: authority,
        createConnection: () => socket,
        headers: {
          host: authority,
          ...(this.#authorization !== undefined && { 'proxy-authorization': this.#authorization }),
        },
      });
      connect.once('error', reject).once('connect', ({ statusCode = 0 }, tunnel: Socket, head: Buffer) => {
        if (statusCode >= 200 && statusCode < 300) {
          if (head.length > 0) tunnel.unshift(head);
          resolve(tunnel);
        } else {
          tunnel.destroy();
          reject(Object.assign(new Error(`the proxy answered ${statusCode}`), { code: 'EPROXY' }));
        }
      });
      connect.end();
    });
  }
}

/** @returns undefined where the settings name none */
export function outboundProxy({
  httpsProxy,
  noProxy,
}: Pick<Settings, 'httpsProxy' | 'noProxy'>): OutboundProxy | undefined {
  return httpsProxy === undefined ? undefined : new OutboundProxy(httpsProxy, noProxy);
}

function exceptionOf(entry: string): Exception | undefined {
  if (entry === '') return undefined;
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]*)\]|([^[\]]*?))(?::(\d+))?$/.exec(entry) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  // An IPv6 address without brackets has no port.
  if (isNetwork(entry)) return { isOf: isWithin(entry), port: undefined };
  const host = bracketed ?? plain;
  if (host === '*') return { isOf: () => true, port };
  if (isNetwork(host)) return { isOf: isWithin(host), port };
  const name = host.replace(/^\*?\./, '').replace(/\.$/, '');
  return name === '' ? undefined : { isOf: (asked) => asked === name || asked.endsWith(`.${name}`), port };
}

function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split('/');
  const family = isIP(address);
  return (
    family !== 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
  );
}

function isWithin(network: string): (host: string) => boolean {
  const [address = '', bits] = network.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  return (host) => isIP(host) !== 0 && list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
