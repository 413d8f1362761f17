import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ScriptedOctane } from '../support/scripted-octane.ts';
import type { TokenIssuer } from '../support/token-issuer.ts';

const GATEWAY_FILE = 'soak.yaml';
const USERNAME = 'soak-user';
const USERNAME_FILE = 'soak-username';
const PASSWORD_FILE = 'soak-password';
/** The gateway's budget for a call. */
export const OCTANE_TIMEOUT_MS = 1000;

/** May do anything. */
export const CLIENT = 'selfcare-app';
/** In no gateway file. */
export const UNKNOWN_CLIENT = 'unknown-client';

/** The files of the gateways, replaced whole as deployment tools do. */
export class Deployment {
  readonly passwords: string[] = [];
  private readonly folder: string;
  private readonly issuer: TokenIssuer;
  private versions = 0;

  constructor(folder: string, issuer: TokenIssuer) {
    this.folder = folder;
    this.issuer = issuer;
  }

  async publish(): Promise<void> {
    await this.write(GATEWAY_FILE, stringify(this.gatewayFile()));
  }

  /** A file that no gateway may take over. */
  async publishFaulty(): Promise<void> {
    const file = this.gatewayFile();
    file.callers[0]!.groupno = 'no such group';
    await this.write(GATEWAY_FILE, stringify(file));
  }

  /** A password that no gateway uses yet. */
  newPassword(): string {
    const password = `soak-secret-${this.passwords.length + 1}-${crypto.randomUUID()}`;
    this.passwords.push(password);
    return password;
  }

  async rotate(password: string): Promise<void> {
    await this.write(PASSWORD_FILE, password);
  }

  async environment(databaseUrl: string, octane: ScriptedOctane): Promise<Record<string, string>> {
    await Promise.all([this.write(USERNAME_FILE, USERNAME), this.rotate(this.newPassword())]);
    await this.publish();
    return {
      HOST: '127.0.0.1',
      PORT: '0',
      MANAGEMENT_PORT: '0',
      OCTANE_BASE_URL: octane.baseUrl,
      OCTANE_TIMEOUT_MS: String(OCTANE_TIMEOUT_MS),
      GATEWAY_FILE,
      DATABASE_URL: databaseUrl,
      AUTH_FAILURE_RATE_LIMIT: '1000000',
      CALLER_RATE_LIMIT: '1000000',
      USER_RATE_LIMIT: '1000000',
      CUSTOMER_CHANGE_RATE_LIMIT: '1000000',
      WELCOME_EMAIL_RATE_LIMIT: '1000000',
      // With as much room as Node takes by itself it collects so seldom that what is held cannot be told from what is left lying.
      NODE_OPTIONS: '--max-old-space-size=160',
    };
  }

  /** What a gateway with this password sends. */
  static authorization(password: string): string {
    return `Basic ${Buffer.from(`${USERNAME}:${password}`).toString('base64')}`;
  }

  /** Each time a little different. */
  private gatewayFile() {
    const { issuer, jwksUri } = this.issuer;
    const caller = { issuer, groupno: '1001', customers: 'any' };
    return {
      issuers: [{ issuer, audience: 'octane-bff', jwksUri }],
      callers: [
        { ...caller, clientId: CLIENT },
        { ...caller, clientId: `soak-${(this.versions += 1)}` },
      ],
      groups: [{ groupno: '1001', usernameFile: USERNAME_FILE, passwordFile: PASSWORD_FILE }],
    };
  }

  private async write(name: string, text: string): Promise<void> {
    const path = join(this.folder, name);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }
}
