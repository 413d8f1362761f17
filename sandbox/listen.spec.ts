import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { listen, type Listening } from './listen.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const loopbackAddresses = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

let listening: Listening;
beforeEach(async () => {
  listening = await listen((_request, response) => response.end('here'), 0);
});
afterEach(() => listening.close());

it.each(['localhost', ...loopbackAddresses])('answers at %s', async (address) => {
  const host = address.includes(':') ? `[${address}]` : address;
  expect(await (await fetch(`http://${host}:${listening.port}`)).text()).toBe('here');
});

it.each(loopbackAddresses)(
  'refuses a port that another has at %s, and keeps no address of it',
  async (address) => {
    const other = createServer().listen(0, address);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(listen(() => {}, port)).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    other.close();
    await once(other, 'close');
    const again = await listen(() => {}, port);
    await again.close();
    expect(again.port).toBe(port);
  },
);

it('listens on the one address that it is given', async () => {
  const one = await listen((_request, response) => response.end('one'), 0, '127.0.0.1');
  expect(await (await fetch(`http://127.0.0.1:${one.port}`)).text()).toBe('one');
  await one.close();
});

it('cuts an unanswered request when it closes', async () => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  const silent = await listen(() => arrived(), 0);
  const answer = fetch(`http://localhost:${silent.port}`);
  await arrival;
  await Promise.all([silent.close(), expect(answer).rejects.toThrow('fetch failed')]);
});
