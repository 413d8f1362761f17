import type { Exchange } from './demo-exchange.ts';

const custno = '700123';

/** Who the app is, and for which customer. */
export const tokenRequest = { client: 'selfcare-app', custno };

const setDirectDebit: Exchange = {
  title: 'Set a direct debit',
  method: 'POST',
  path: `/v1/customers/${custno}/direct-debit`,
  body: {
    directDebit: {
      directDebitType: 'SPECIAL_DIRECT_DEBIT',
      ddNotificationFlag: 'Y',
      ddNotificationEmail: 'alex@example.com',
      ddSpecialPaymentPeriod: 'fn',
      ddSpecialPaymentMethod: 'ST',
      ddSpecialPaymentAmount: 49.95,
      ddSpecialDayOfWeek: 5,
      ddSpecialStartDate: '2027-01-01T00:00:00+10:00',
      ddSpecialRequiredCount: 12,
    },
  },
  expected: { status: 200, hits: 1, meaning: 'Octane stored it, and added the two read-only fields' },
};

const sendWelcomeEmail: Exchange = {
  title: 'Send a welcome email',
  method: 'POST',
  path: '/v1/customers/me/send-welcome-email',
  expected: { status: 204, hits: 1, meaning: 'Octane sent it' },
};

const takePayment: Exchange = {
  title: 'Take a payment',
  method: 'POST',
  path: '/v1/customers/me/payments',
  key: 'payment-of-the-demo',
  body: {
    paymentTokenId: 'token-of-the-demo',
    amount: 49.95,
    comment: 'Paid in the app',
    receiptEmail: 'alex@example.com',
  },
  expected: { status: 204, hits: 1, meaning: 'Octane took it; type and duplicates were set by the gateway' },
};

const takePaymentAgain: Exchange = {
  ...takePayment,
  title: 'Take the same payment again, as an app does that never saw the answer',
  expected: { status: 204, hits: 0, meaning: 'the first answer again: nobody paid twice' },
};

const readDataPool: Exchange = {
  title: 'Read a data pool',
  method: 'GET',
  path: '/v1/customers/me/services/1/data-pool',
  expected: { status: 200, hits: 1, meaning: 'Octane was asked for this customer, whatever the app says' },
};

const anotherCustomer: Exchange = {
  title: "Refused: another customer's number",
  method: 'POST',
  path: '/v1/customers/700124/direct-debit',
  body: { directDebit: { directDebitType: 'OFF', ddNotificationFlag: 'N' } },
  expected: { status: 403, hits: 0, meaning: 'refused by the gateway' },
};

const threeRulesBroken: Exchange = {
  title: 'Refused: a direct debit that breaks three rules',
  method: 'POST',
  path: `/v1/customers/${custno}/direct-debit`,
  body: {
    directDebit: {
      directDebitType: 'SPECIAL_DIRECT_DEBIT',
      ddNotificationFlag: 'Y',
      ddNotificationEmail: 'alex at example.com',
      ddSpecialPaymentPeriod: 'mn',
      ddSpecialPaymentAmount: 49.999,
      ddSpecialStartDate: '2027-06-01T00:00:00+10:00',
      ddSpecialEndDate: '2027-01-01T00:00:00+10:00',
    },
  },
  expected: { status: 422, hits: 0, meaning: 'refused by the gateway, with every fault at once' },
};

/** All must work, or the demo fails. */
export const operations = [setDirectDebit, sendWelcomeEmail, takePayment, takePaymentAgain, readDataPool];

export const refusals = [anotherCustomer, threeRulesBroken];

/** The command for whoever wants to go on alone, on one line. */
export function curlCommand(gatewayUrl: string, accessToken: string): string {
  const body = {
    directDebit: { directDebitType: 'STANDARD_DIRECT_DEBIT', ddNotificationFlag: 'N', ddPaymentDay: '15' },
  };
  return [
    `curl -i ${gatewayUrl}${setDirectDebit.path}`,
    `-H 'Authorization: Bearer ${accessToken}'`,
    "-H 'Content-Type: application/json'",
    `-d '${JSON.stringify(body)}'`,
  ].join(' ');
}
