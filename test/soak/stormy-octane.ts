import { moodyOctane } from '../crash/moody-octane.ts';
import type { Random } from '../crash/random.ts';
import type { Script, ScriptedOctane } from '../support/scripted-octane.ts';
import { Deployment, OCTANE_TIMEOUT_MS } from './deployment.ts';

/** What one bad hour of Octane is like. */
const STORMS: Readonly<Record<string, Script>> = {
  unavailable: (_hit, response) => void response.writeHead(503).end(),
  failing: (_hit, response) => void response.writeHead(500).end(),
  overloaded: (_hit, response) => void response.writeHead(429, { 'retry-after': '1' }).end(),
  resetting: (_hit, _response, socket) => void socket.resetAndDestroy(),
  silent: () => undefined,
  dripping: (_hit, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), OCTANE_TIMEOUT_MS / 10);
    response.on('close', () => clearInterval(drip));
  },
  verbose: (_hit, response) => void response.writeHead(200).end('x'.repeat(100 * 1024)),
  'not HTTP': (_hit, _response, socket) => void socket.end('it was a dark and stormy night\r\n\r\n'),
};
const STORM_SHARE = 0.9;

/** Octane with its moods, its storms, and passwords that it accepts. */
export class StormyOctane {
  readonly storms: string[] = [];
  /** Calls with a password that it does not accept (any more). */
  refusedPasswords = 0;
  private readonly octane: ScriptedOctane;
  private readonly random: Random;
  private readonly accepted = new Set<string>();
  private storm: Script | undefined;

  constructor(octane: ScriptedOctane, random: Random) {
    this.octane = octane;
    this.random = random;
    const usual = moodyOctane(random, OCTANE_TIMEOUT_MS);
    octane.script = (hit, response, socket) => {
      if (!this.accepted.has(hit.headers.authorization ?? '')) {
        this.refusedPasswords += 1;
        response.writeHead(401).end();
      } else if (this.storm && random.happens(STORM_SHARE)) this.storm(hit, response, socket);
      else usual(hit, response, socket);
    };
  }

  get hits(): ScriptedOctane['hits'] {
    return this.octane.hits;
  }

  accept(password: string): void {
    this.accepted.add(Deployment.authorization(password));
  }

  refuse(password: string): void {
    this.accepted.delete(Deployment.authorization(password));
  }

  beginStorm(): void {
    const kind = this.random.oneOf(Object.keys(STORMS));
    this.storms.push(kind);
    this.storm = STORMS[kind];
  }

  endStorm(): void {
    this.storm = undefined;
  }
}
