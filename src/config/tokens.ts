/**
 * Injection token of what the start has read: a type leaves nothing behind that could be a token. Who asks for it says which
 * settings it needs: `@Inject(SETTINGS) settings: Pick<Settings, 'port' | 'host'>`.
 */
export const SETTINGS = Symbol('Settings');
