import type { Adapter, AdapterPayload } from 'oidc-provider';

const mostOfOneKind = 1000;

/**
 * Where the identity provider keeps one kind of thing: logins under way, codes, refresh tokens. The oldest goes when there are
 * too many. That something has expired is seen by the provider itself.
 */
export function memoryAdapter(): Adapter {
  const kept = new Map<string, AdapterPayload>();
  return {
    upsert: async (id, payload) => {
      kept.set(id, payload);
      const [oldest] = kept.keys();
      if (kept.size > mostOfOneKind && oldest !== undefined) kept.delete(oldest);
    },
    find: async (id) => kept.get(id),
    findByUid: async (uid) => [...kept.values()].find((payload) => payload.uid === uid),
    findByUserCode: async (code) => [...kept.values()].find((payload) => payload.userCode === code),
    consume: async (id) => {
      const payload = kept.get(id);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => {
      kept.delete(id);
    },
    revokeByGrantId: async (grantId) => {
      for (const [id, payload] of kept) if (payload.grantId === grantId) kept.delete(id);
    },
  };
}
