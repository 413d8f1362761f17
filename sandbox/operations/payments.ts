import { json } from '../answer.ts';
import { boolean, fieldFaults, isObject, number, oneOf, required, text } from '../fields.ts';
import type { Payment, PaymentMethod } from '../octane-records.ts';
import { refused } from '../operation.ts';
import type { Operation } from '../operation.ts';

/** Whoever pays with a token that begins so has no money. */
const declinedToken = /^declined/;

const paymentFields = [
  oneOf('transactionType', ['P']),
  text('paymentTokenId'),
  number('amount'),
  text('comment'),
  text('receiptEmail'),
  boolean('allowDuplicates'),
].map(required);

const methodFields = [text('paymentProvider'), text('paymentTokenId')].map(required);

export const payment: Operation = {
  name: 'payment',
  route: 'POST /v1/group/{groupno}/customer/{custno}/transaction/payment/',
  decide: ({ group: { groupno }, custno, body, records }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const errors = fieldFaults(body, paymentFields);
    if (errors.length > 0) return refused(errors);
    const { paymentTokenId, amount, comment, receiptEmail } = body as unknown as Payment;
    if (declinedToken.test(paymentTokenId)) return sayingNo('The payment was declined');
    return {
      answer: json(200, { errorCode: 0, errorMessage: '', success: true }),
      change: (at) =>
        records.addPayment({ at, groupno, custno, paymentTokenId, amount, comment, receiptEmail }),
    };
  },
};

export const addPaymentMethod: Operation = {
  name: 'payment-method',
  route: 'POST /v1/group/{groupno}/customer/{custno}/payment-method',
  decide: ({ group: { groupno }, custno, body, records }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const errors = fieldFaults(body, methodFields);
    if (errors.length > 0) return refused(errors);
    const { paymentProvider, paymentTokenId } = body as unknown as PaymentMethod;
    if (paymentProvider !== 'QS') return sayingNo('There is no such payment provider');
    return {
      answer: json(200, { errorCode: 0, errorMessage: '', success: true }),
      change: (at) => records.addPaymentMethod({ at, groupno, custno, paymentProvider, paymentTokenId }),
    };
  },
};

export const listPaymentMethods: Operation = {
  name: 'payment-methods',
  route: 'GET /v1/group/{groupno}/customer/{custno}/payment-method',
  reads: true,
  decide: ({ custno, records }) => ({
    answer: json(
      200,
      records.paymentMethods
        .filter((method) => method.custno === custno)
        .map(({ paymentProvider, paymentTokenId }) => ({ paymentProvider, paymentTokenId })),
    ),
  }),
};

/** Octane may say no with a 200. */
function sayingNo(errorMessage: string) {
  return { answer: json(200, { errorCode: 1, errorMessage, success: false }) };
}
