/** A request that Octane takes, below its base URL, for customer 700123 of group 1001. */
export interface Sample {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly body?: unknown;
}

const CUSTOMER = '/v1/group/1001/customer/700123';

/** One for each operation of the sandbox, by its name. */
export const OCTANE_SAMPLES: Readonly<Record<string, Sample>> = {
  'direct-debit': {
    method: 'POST',
    path: `${CUSTOMER}/direct-debit`,
    body: { directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'N' } },
  },
  'welcome-email': { method: 'POST', path: `${CUSTOMER}/send-welcome-email`, body: {} },
  payment: {
    method: 'POST',
    path: `${CUSTOMER}/transaction/payment/`,
    body: {
      transactionType: 'P',
      paymentTokenId: 'token-1',
      amount: 49.95,
      comment: 'Paid in the app',
      receiptEmail: 'alex@example.com',
      allowDuplicates: false,
    },
  },
  'payment-method': {
    method: 'POST',
    path: `${CUSTOMER}/payment-method`,
    body: { paymentProvider: 'QS', paymentTokenId: 'token-1' },
  },
  'payment-methods': { method: 'GET', path: `${CUSTOMER}/payment-method` },
  'customer-update': { method: 'PATCH', path: CUSTOMER, body: { address: { suburb: 'Hobart' } } },
  customer: { method: 'GET', path: CUSTOMER },
  customers: { method: 'GET', path: '/v1/group/1001/customer?customerStatus=ACT' },
  'service-qualification': {
    method: 'POST',
    path: '/v1/qualification/check',
    body: { productSelection: 'nbn', locationId: 'LOC000000000001' },
  },
  'data-pool': { method: 'GET', path: '/v1/datapool?custno=700123&lineseqno=1' },
  'data-limit': {
    method: 'POST',
    path: '/v1/datapool/modify-consumer-data-limit',
    body: { consumerServices: [{ custNo: 700123, lineSeqNo: 1, dataLimit: 5_000_000_000 }] },
  },
  'data-pool-transfer': {
    method: 'POST',
    path: '/v1/datapool/transfer',
    body: {
      custno: 700123,
      lineseqno: 1,
      newProviderId: 7001232,
      newProviderLineseqno: 2,
      serviceNumbers: ['0491570156'],
    },
  },
  'data-pool-disconnect': {
    method: 'POST',
    path: '/v1/datapool/disconnect',
    body: { custno: 700123, lineseqno: 1 },
  },
  'esim-details': {
    method: 'POST',
    path: '/v1/mobile/resource/getEsimDetails',
    body: { requestType: 'SIM Details', msn: '0491570156' },
  },
};
