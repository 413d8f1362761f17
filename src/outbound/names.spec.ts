import dns from 'node:dns';
import { Names } from './names.ts';

type Answer = (error: Error | null, addresses?: { address: string; family: number }[]) => void;

/** Name servers that answer when the test says so: each look-up occupies a thread until then. */
class NameServers {
  readonly open: { readonly host: string; readonly answer: Answer }[] = [];
  lookups = 0;

  constructor() {
    jest.spyOn(dns, 'lookup').mockImplementation(((host: string, _options: unknown, answer: Answer) => {
      this.lookups += 1;
      this.open.push({ host, answer });
    }) as never);
  }

  answer(address: string): void {
    this.open.shift()?.answer(null, [{ address, family: 4 }]);
  }

  fail(): void {
    this.open.shift()?.answer(Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' }));
  }
}

describe('the addresses of a host', () => {
  let now: number;
  let servers: NameServers;
  let names: Names;
  beforeEach(() => {
    now = 0;
    servers = new NameServers();
    names = new Names(2, () => now);
  });
  afterEach(() => jest.restoreAllMocks());

  it('are asked for once at a time, however many want them', async () => {
    const answers = Array.from({ length: 50 }, () => names.addressesOf('octane.example'));
    expect(servers.lookups).toBe(1);
    servers.answer('192.0.2.1');
    expect(new Set((await Promise.all(answers)).flat())).toEqual(new Set(['192.0.2.1']));
  });

  it('are asked for by few threads, however many hosts have no answer', async () => {
    const answers = ['a', 'b', 'c', 'd', 'e'].map((name) => names.addressesOf(`${name}.example`));
    expect(servers.open.map(({ host }) => host)).toEqual(['a.example', 'b.example']);
    servers.fail();
    await expect(answers[0]).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    expect(servers.open.map(({ host }) => host)).toEqual(['b.example', 'c.example']);
    for (const address of ['1', '2', '3', '4']) {
      servers.answer(`192.0.2.${address}`);
      await new Promise(setImmediate);
    }
    expect((await Promise.all(answers.slice(1))).flat()).toHaveLength(4);
  });

  it('are asked for anew after five seconds', async () => {
    const first = names.addressesOf('octane.example');
    servers.answer('192.0.2.1');
    await first;
    now = 4999;
    expect(await names.addressesOf('octane.example')).toEqual(['192.0.2.1']);
    now = 5000;
    const second = names.addressesOf('octane.example');
    servers.answer('192.0.2.2');
    expect(await second).toEqual(['192.0.2.2']);
  });

  it('stay known while the name servers fail, or say nothing', async () => {
    const first = names.addressesOf('octane.example');
    servers.answer('192.0.2.1');
    await first;
    now = 60_000;
    const second = names.addressesOf('octane.example');
    servers.fail();
    expect(await second).toEqual(['192.0.2.1']);
    expect(await names.addressesOf('octane.example')).toEqual(['192.0.2.1']);
    now = 4_000_000;
    const late = names.addressesOf('octane.example');
    servers.fail();
    await expect(late).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });

  it('are not asked for where the host is an address', async () => {
    expect(await names.addressesOf('[::1]')).toEqual(['::1']);
    expect(await names.addressesOf('127.0.0.1')).toEqual(['127.0.0.1']);
    expect(servers.lookups).toBe(0);
  });
});
