import { CREDENTIALS, TestGateway, VALID_DIRECT_DEBIT } from './support/gateway.ts';

describe('forwarding', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.octane.reset());

  it('sets a direct debit with the credentials and in the group of the caller', async () => {
    const answer = await gateway.setDirectDebit(VALID_DIRECT_DEBIT);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ directDebit: VALID_DIRECT_DEBIT });
    expect(gateway.octane.hits).toHaveLength(1);
    const [hit] = gateway.octane.hits;
    expect(hit?.method).toBe('POST');
    expect(hit?.path).toBe('/tiab/api/v1/group/1001/customer/700123/direct-debit');
    expect(JSON.parse(hit?.body ?? '')).toEqual({ directDebit: VALID_DIRECT_DEBIT });
    const basic = `${CREDENTIALS.OCTANE_1001_USERNAME}:${CREDENTIALS.OCTANE_1001_PASSWORD}`;
    expect(hit?.headers.authorization).toBe(`Basic ${Buffer.from(basic).toString('base64')}`);
    expect(hit?.headers['content-type']).toBe('application/json');
  });
});
