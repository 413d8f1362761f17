import { json } from '../answer.ts';
import { fieldFaults, isObject, oneOf, required } from '../fields.ts';
import { refused } from '../operation.ts';
import type { Operation } from '../operation.ts';

const requestType = required(oneOf('requestType', ['QR Code', 'SIM Details']));

export const getEsimDetails: Operation = {
  name: 'esim-details',
  route: 'POST /v1/mobile/resource/getEsimDetails',
  reads: true,
  decide: ({ body, records }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const { msn, orderId } = body;
    const errors = fieldFaults(body, [requestType]);
    if (msn === undefined && orderId === undefined) errors.push('msn or orderId is required');
    if (errors.length > 0) return refused(errors);
    // The request names neither group nor customer, so any number will do. There are no orders of mobile services here.
    const service = records.services.find((each) => each.msn === msn && orderId === undefined);
    return { answer: json(200, service ? { profileState: service.profileState } : { error: 'not found' }) };
  },
};
