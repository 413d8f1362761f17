import { generateKeyPairSync } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { Problem } from '../problems/problem.ts';
import { Operations } from '../operations/operations.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { LocalIssuerKeys, RemoteIssuerKeys } from './issuer-keys.ts';
import { VerificationKeys } from './verification-keys.ts';

const SECONDS = 1000;
const MINUTES = 60 * SECONDS;
const HOURS = 60 * MINUTES;

const jwks = Object.fromEntries(
  ['old', 'new'].map((kid) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return [kid, { ...publicKey.export({ format: 'jwk' }), kid }];
  }),
);

/** An identity provider that answers when it is told to, and a clock that stands still until it is set forward. */
class Provider {
  fetches = 0;
  published = ['old'];
  /** While set, every key has this id. */
  named: string | undefined;
  down = false;
  /** While set, fetches wait for it. */
  hanging: PromiseWithResolvers<void> | undefined;
  private time = 5_000_000;

  readonly keys = new RemoteIssuerKeys(
    'https://id.example.com/',
    async () => {
      this.fetches += 1;
      await this.hanging?.promise;
      if (this.down) throw new Error('connection refused');
      return { keys: this.published.map((name) => ({ ...jwks[name], kid: this.named ?? name })) };
    },
    new Metrics(new Operations([])),
    () => this.time,
  );

  after(milliseconds: number): this {
    this.time += milliseconds;
    return this;
  }

  /** What a token that names this key, or is signed by another one, comes to: `good`, or the code of the refusal. */
  async ask(kid: string | undefined, signer = kid ?? this.published[0] ?? ''): Promise<string> {
    try {
      await this.keys.find('ES256', kid, (key) => key.export({ format: 'jwk' }).x === jwks[signer]?.x);
      return 'good';
    } catch (error) {
      return error instanceof Problem ? error.code : String(error);
    }
  }

  async askTimes(times: number, kid: string, signer = kid): Promise<string[]> {
    const answers = await Promise.all(Array.from({ length: times }, () => this.ask(kid, signer)));
    return [...new Set(answers)];
  }
}

/** Lets everything run that waits for nothing but its turn. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the keys behind a jwks_uri', () => {
  let provider: Provider;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    provider = new Provider();
  });

  async function load(): Promise<void> {
    expect(await provider.ask('old')).toBe('good');
    expect(provider.fetches).toBe(1);
  }

  describe('the first load', () => {
    it('waits for the first token', () => {
      expect(provider.fetches).toBe(0);
    });

    it('is one fetch for 50 tokens at a time', async () => {
      expect(await provider.askTimes(50, 'old')).toEqual(['good']);
      expect(provider.fetches).toBe(1);
    });

    it('is one fetch for 50 tokens at a time that come while it hangs', async () => {
      provider.hanging = Promise.withResolvers();
      const answers = provider.askTimes(50, 'old');
      await settled();
      provider.hanging.resolve();
      expect(await answers).toEqual(['good']);
      expect(provider.fetches).toBe(1);
    });

    it('already says that there is no such key', async () => {
      expect(await provider.askTimes(50, 'new')).toEqual(['invalid-token']);
      expect(provider.fetches).toBe(1);
    });

    it('does not count as a refetch for an unknown key', async () => {
      await load();
      provider.published = ['old', 'new'];
      expect(await provider.ask('new')).toBe('good');
      expect(provider.fetches).toBe(2);
    });

    it('is repeated at most once a second while it fails', async () => {
      provider.down = true;
      expect(await provider.askTimes(50, 'old')).toEqual(['keys-unavailable']);
      expect(await provider.after(999).askTimes(50, 'old')).toEqual(['keys-unavailable']);
      expect(provider.fetches).toBe(1);
      provider.down = false;
      expect(await provider.after(1).askTimes(50, 'old')).toEqual(['good']);
      expect(provider.fetches).toBe(2);
    });
  });

  describe('an unknown key', () => {
    beforeEach(load);

    it('is asked for once in 30 s, however many tokens name it', async () => {
      expect(await provider.askTimes(50, 'new')).toEqual(['invalid-token']);
      expect(await provider.ask('newer')).toBe('invalid-token');
      expect(await provider.after(29.999 * SECONDS).askTimes(50, 'new')).toEqual(['invalid-token']);
      expect(provider.fetches).toBe(2);
      provider.published = ['new'];
      expect(await provider.after(0.001 * SECONDS).askTimes(50, 'new')).toEqual(['good']);
      expect(provider.fetches).toBe(3);
    });

    it('takes away the keys that are published no more', async () => {
      provider.published = ['new'];
      expect(await provider.ask('new')).toBe('good');
      expect(await provider.ask('old')).toBe('invalid-token');
      expect(provider.fetches).toBe(2);
    });

    it('is a missing kid too, where it is not clear which key is meant', async () => {
      expect(await provider.ask(undefined)).toBe('good');
      expect(provider.fetches).toBe(1);
      provider.published = ['old', 'new'];
      expect(await provider.ask('new')).toBe('good');
      expect(await provider.ask(undefined)).toBe('invalid-token');
      expect(provider.fetches).toBe(2);
    });

    it('keeps no token of a known key waiting', async () => {
      provider.hanging = Promise.withResolvers();
      const unknown = provider.ask('new');
      expect(await provider.askTimes(50, 'old')).toEqual(['good']);
      provider.hanging.resolve();
      expect(await unknown).toBe('invalid-token');
    });
  });

  describe('a signature that no key of that name made', () => {
    beforeEach(load);

    it('asks for the new key of an old name, however many tokens bring it', async () => {
      provider.published = ['new'];
      provider.named = 'old';
      expect(await provider.askTimes(50, 'old', 'new')).toEqual(['good']);
      expect(await provider.ask('old')).toBe('invalid-token');
      expect(provider.fetches).toBe(2);
    });

    it('asks at most once in 30 s, and so do unknown names with it', async () => {
      expect(await provider.askTimes(50, 'old', 'forged')).toEqual(['invalid-token']);
      expect(await provider.ask('unknown')).toBe('invalid-token');
      expect(await provider.after(29.999 * SECONDS).askTimes(50, 'old', 'forged')).toEqual(['invalid-token']);
      expect(provider.fetches).toBe(2);
      expect(await provider.after(0.001 * SECONDS).ask('old', 'forged')).toBe('invalid-token');
      expect(provider.fetches).toBe(3);
    });

    it('does not ask again for what the first load has just brought', async () => {
      provider = new Provider();
      expect(await provider.ask('old', 'forged')).toBe('invalid-token');
      expect(provider.fetches).toBe(1);
      provider.published = ['new'];
      provider.named = 'old';
      expect(await provider.ask('old', 'new')).toBe('good');
    });

    it('is looked for among several keys of that name', async () => {
      provider.published = ['old', 'new'];
      provider.named = 'old';
      expect(await provider.after(10 * MINUTES).ask('old', 'new')).toBe('good');
      expect(await provider.ask('old', 'old')).toBe('good');
      expect(provider.fetches).toBe(2);
    });

    it('keeps no good token waiting', async () => {
      provider.hanging = Promise.withResolvers();
      const forged = provider.ask('old', 'forged');
      expect(await provider.askTimes(50, 'old')).toEqual(['good']);
      provider.hanging.resolve();
      expect(await forged).toBe('invalid-token');
    });

    it('is forged while the provider is down, too', async () => {
      provider.down = true;
      expect(await provider.ask('old', 'forged')).toBe('invalid-token');
      expect(await provider.ask('old')).toBe('good');
    });
  });

  describe('in the course of time', () => {
    beforeEach(load);

    it('are good for 5 minutes without a question', async () => {
      await provider.after(5 * MINUTES - 1).askTimes(50, 'old');
      await settled();
      expect(provider.fetches).toBe(1);
    });

    it('are renewed after 5 minutes, behind the back of the tokens', async () => {
      provider.hanging = Promise.withResolvers();
      provider.published = ['new'];
      expect(await provider.after(5 * MINUTES).askTimes(50, 'old')).toEqual(['good']);
      expect(provider.fetches).toBe(2);
      provider.hanging.resolve();
      await settled();
      expect(await provider.ask('old')).toBe('invalid-token');
      expect(await provider.ask('new')).toBe('good');
    });

    it('are not used after 10 minutes before the provider was asked: a removed key is refused', async () => {
      provider.published = [];
      expect(await provider.after(10 * MINUTES).askTimes(50, 'old')).toEqual(['invalid-token']);
      expect(provider.fetches).toBe(2);
    });

    it('are as old as the question, not as the answer', async () => {
      provider = new Provider();
      provider.hanging = Promise.withResolvers();
      const first = provider.ask('old');
      await settled();
      provider.after(3 * SECONDS).hanging?.resolve();
      expect(await first).toBe('good');
      provider.published = [];
      expect(await provider.after(10 * MINUTES - 3 * SECONDS).ask('old')).toBe('invalid-token');
    });
  });

  describe('while the provider is down', () => {
    beforeEach(load);
    beforeEach(() => {
      provider.down = true;
    });

    it('are good for 24 hours and no longer', async () => {
      for (const [milliseconds, answer] of [
        [5 * MINUTES, 'good'],
        [5 * MINUTES, 'good'],
        [10 * HOURS, 'good'],
        [14 * HOURS - 10 * MINUTES - 1, 'good'],
        [1, 'keys-unavailable'],
        [1 * HOURS, 'keys-unavailable'],
      ] as const) {
        expect(await provider.after(milliseconds).ask('old')).toBe(answer);
        await settled();
      }
    });

    it('do not tell whether there is an unknown key', async () => {
      expect(await provider.askTimes(50, 'new')).toEqual(['keys-unavailable']);
      expect(await provider.after(29 * SECONDS).askTimes(50, 'new')).toEqual(['keys-unavailable']);
      expect(provider.fetches).toBe(2);
      expect(await provider.ask('old')).toBe('good');
    });

    it('are asked for at most once in 30 s', async () => {
      for (let second = 0; second < 60; second++) {
        expect(await provider.after(second === 0 ? 10 * MINUTES : SECONDS).askTimes(5, 'old')).toEqual([
          'good',
        ]);
        await settled();
      }
      expect(provider.fetches).toBe(3);
    });

    it('are known again as soon as it answers', async () => {
      await provider.ask('new');
      await provider.after(11 * MINUTES).ask('old');
      provider.down = false;
      provider.published = ['new'];
      expect(await provider.after(30 * SECONDS).ask('new')).toBe('good');
      expect(await provider.ask('old')).toBe('invalid-token');
    });

    it('come back after 24 hours too', async () => {
      expect(await provider.after(25 * HOURS).ask('old')).toBe('keys-unavailable');
      provider.down = false;
      expect(await provider.after(1 * SECONDS).ask('old')).toBe('good');
    });
  });

  describe('while the provider hangs', () => {
    beforeEach(load);
    beforeEach(() => {
      provider.hanging = Promise.withResolvers();
    });

    it('are good without waiting for it', async () => {
      for (let minute = 1; minute < 10; minute++) {
        expect(await provider.after(1 * MINUTES).ask('old')).toBe('good');
      }
      expect(provider.fetches).toBe(2);
    });

    it('keep nobody waiting again once it gave up', async () => {
      provider.down = true;
      const first = provider.after(10 * MINUTES).ask('old');
      provider.hanging?.resolve();
      expect(await first).toBe('good');
      provider.hanging = Promise.withResolvers();
      for (let second = 0; second < 60; second += 5) {
        expect(await provider.after(second === 0 ? 0 : 5 * SECONDS).askTimes(50, 'old')).toEqual(['good']);
      }
      expect(provider.fetches).toBe(3);
    });
  });

  it.each([['<html>'], [{}], [{ keys: 'old' }], [null]])(
    'stay as they were when the answer is %j',
    async (answer) => {
      let time = 0;
      let served: unknown = { keys: [jwks['old']] };
      const keys = new RemoteIssuerKeys(
        'https://id.example.com/',
        () => Promise.resolve(served),
        new Metrics(new Operations([])),
        () => time,
      );
      await keys.find('ES256', 'old', () => true);
      served = answer;
      time += 11 * MINUTES;
      expect((await keys.find('ES256', 'old', () => true)).asymmetricKeyType).toBe('ec');
      await expect(keys.find('ES256', 'new', () => true)).rejects.toMatchObject({ code: 'keys-unavailable' });
    },
  );
});

describe('the keys of a file', () => {
  it('are all that there are', async () => {
    const keys = new LocalIssuerKeys(VerificationKeys.fromKeySet({ keys: [jwks['old']] }));
    expect((await keys.find('ES256', 'old', () => true)).asymmetricKeyType).toBe('ec');
    for (const [alg, kid, isSigner] of [
      ['ES256', 'new', true],
      ['ES384', 'old', true],
      ['ES256', 'old', false],
    ] as const) {
      await expect(keys.find(alg, kid, () => isSigner)).rejects.toMatchObject({ code: 'invalid-token' });
    }
  });
});
