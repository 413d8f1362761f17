/** Injection tokens of what the start has read: interfaces leave nothing behind that could be a token. */
export const SETTINGS = Symbol('Settings');
export const GATEWAY_CONFIG = Symbol('GatewayConfig');
