import { json } from '../answer.ts';
import { fieldFaults, integer, isObject, required } from '../fields.ts';
import type { Service } from '../octane-records.ts';
import { customerOf, denied, refused } from '../operation.ts';
import type { Asked, Operation } from '../operation.ts';

const provider = [
  required({ name: 'custno', expected: 'a customer number', holds: isCustomerNumber }),
  required(integer('lineseqno')),
];
const consumer = [
  required({ name: 'custNo', expected: 'a customer number', holds: isCustomerNumber }),
  required(integer('lineSeqNo')),
  required({ name: 'dataLimit', expected: 'a whole number of bytes', holds: isWholeNumber }),
];
const target = [
  required({ name: 'newProviderId', expected: 'a text or an integer', holds: isId }),
  required(integer('newProviderLineseqno')),
  required({ name: 'serviceNumbers', expected: 'a list of strings', holds: isListOfTexts }),
];

export const getDataPool: Operation = {
  name: 'data-pool',
  route: 'GET /v1/datapool',
  reads: true,
  decide: ({ group, query, records }) => {
    const custno = query.get('custno');
    if (!customerOf(group, custno)) return denied();
    const service = records.service(custno, query.get('lineseqno'));
    if (!service) return { answer: json(200, { success: 'false' }) };
    const { memberId, dataPoolStatus, dataMaxCap, dataUsage } = service.pool;
    return {
      answer: json(200, { success: true, provider: { memberId, dataPoolStatus, dataMaxCap, dataUsage } }),
    };
  },
};

export const limitData: Operation = {
  name: 'data-limit',
  route: 'POST /v1/datapool/modify-consumer-data-limit',
  decide: ({ group, body, records }) => {
    const asked = isObject(body) ? body['consumerServices'] : undefined;
    if (!Array.isArray(asked) || !asked.every(isObject))
      return refused(['consumerServices must be a list of objects']);
    const errors = asked.flatMap((each, index) => fieldFaults(each, consumer, `consumerServices[${index}].`));
    if (errors.length > 0) return refused(errors);
    if (!asked.every(({ custNo }) => customerOf(group, custNo))) return denied();
    return ordered(
      records,
      asked.map(({ custNo, lineSeqNo, dataLimit }) => {
        const service = records.service(custNo, lineSeqNo);
        return service && (() => (service.dataLimit = dataLimit as number));
      }),
      { errorCode: 0 },
    );
  },
};

export const transferServices: Operation = {
  name: 'data-pool-transfer',
  route: 'POST /v1/datapool/transfer',
  decide: ({ group, body, records }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const errors = [...fieldFaults(body, provider), ...fieldFaults(body, target)];
    if (errors.length > 0) return refused(errors);
    const { custno, newProviderId, newProviderLineseqno } = body;
    if (!customerOf(group, custno)) return denied();
    const other = records.services.find(
      ({ groupno, lineseqno, pool }) =>
        groupno === group.groupno &&
        lineseqno === newProviderLineseqno &&
        String(pool.memberId) === String(newProviderId),
    );
    return ordered(
      records,
      (body['serviceNumbers'] as string[]).map((number) => {
        const service = records.services.find(({ msn }) => msn === number);
        const isTheirs = service?.custno === String(custno) && service.groupno === group.groupno;
        return isTheirs && other ? () => (service.pool = other.pool) : undefined;
      }),
    );
  },
};

export const disconnectDataPool: Operation = {
  name: 'data-pool-disconnect',
  route: 'POST /v1/datapool/disconnect',
  decide: ({ group, body, records }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const errors = fieldFaults(body, provider);
    if (errors.length > 0) return refused(errors);
    const { custno, lineseqno } = body;
    if (!customerOf(group, custno)) return denied();
    const service: Service | undefined = records.service(custno, lineseqno);
    if (!service) return { answer: json(200, { success: false }) };
    return {
      answer: json(200, { success: true, orderId: records.nextOrderId() }),
      change: () => (service.pool.dataPoolStatus = 'OPTED-OUT PENDING'),
    };
  },
};

/** An order for each change. One that cannot be made says no, and the others are made all the same. */
function ordered(records: Asked['records'], changes: ((() => void) | undefined)[], more: object = {}) {
  return {
    answer: json(200, {
      ...more,
      orderDetails: changes.map((change) => ({
        success: change !== undefined,
        ...(change && { orderId: records.nextOrderId() }),
      })),
    }),
    change: () => {
      for (const change of changes) change?.();
    },
  };
}

function isCustomerNumber(value: unknown): boolean {
  return /^\d{1,10}$/.test(String(value)) && isId(value);
}

function isId(value: unknown): boolean {
  return typeof value === 'string' || Number.isInteger(value);
}

function isWholeNumber(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0;
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}
