/** Injection token of what the start has read: a type leaves nothing behind that could be a token. */
export const SETTINGS = Symbol('Settings');
