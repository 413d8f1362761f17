export interface SandboxPorts {
  octane: number;
  identityProvider: number;
  control: number;
}

export const usualPorts: SandboxPorts = { octane: 4001, identityProvider: 4002, control: 4003 };

/** The issuer that config/gateway.yaml names. */
export const usualIssuer = `http://localhost:${usualPorts.identityProvider}`;
