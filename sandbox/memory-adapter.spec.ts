import { memoryAdapter } from './memory-adapter.ts';

it('keeps the latest thousand', async () => {
  const adapter = memoryAdapter();
  for (let id = 0; id <= 1000; id += 1) await adapter.upsert(String(id), { jti: String(id) });
  expect(await adapter.find('0')).toBeUndefined();
  expect(await adapter.find('1')).toEqual({ jti: '1' });
  expect(await adapter.find('1000')).toEqual({ jti: '1000' });
});
