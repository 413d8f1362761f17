import { join } from 'node:path';
import { startIdentityProvider, type IdentityProvider } from './identity-provider.ts';
import { startOctane, type Octane } from './octane.ts';
import { groupCredentials } from './seed.ts';
import type { SandboxPorts } from './usual-ports.ts';

export interface Sandbox {
  octane: Octane;
  identityProvider: IdentityProvider;
  /** What a gateway needs in its environment to use all of this Octane, and for the one-click token of its reference. */
  gatewayEnvironment: Record<string, string>;
  close: () => Promise<void>;
}

const operationsFile = join(import.meta.dirname, '..', 'config', 'operations.yaml');

/**
 * Starts the Octane and the identity provider. Port 0 picks a free one.
 *
 * @throws the system's error, with `code` and `port`, when a port cannot be had; then nothing runs
 */
export async function startSandbox(ports: SandboxPorts, host?: string): Promise<Sandbox> {
  const octane = await startOctane({ port: ports.octane, controlPort: ports.control, host });
  try {
    const identityProvider = await startIdentityProvider({ port: ports.identityProvider, host });
    return {
      octane,
      identityProvider,
      gatewayEnvironment: {
        OCTANE_BASE_URL: octane.url,
        OPERATIONS_FILE: operationsFile,
        DOCS_TOKEN_URL: identityProvider.docsTokenUrl,
        ...groupCredentials(),
      },
      close: async () => {
        await Promise.all([octane.close(), identityProvider.close()]);
      },
    };
  } catch (error) {
    await octane.close();
    throw error;
  }
}
