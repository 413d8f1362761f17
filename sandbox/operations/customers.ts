import { json, noContent } from '../answer.ts';
import { boolean, fieldFaults, integer, isObject, number, oneOf, text } from '../fields.ts';
import type { Field } from '../fields.ts';
import { refused } from '../operation.ts';
import type { Operation } from '../operation.ts';

/** What may be changed, member by member. */
const sections: Readonly<Record<string, readonly Field[]>> = {
  customerIdentity: [
    oneOf('customerType', ['B', 'R']),
    textOf('company', 1),
    text('legalEntity'),
    textOf('abn', 0, 14),
    textOf('acn', 0, 11),
    ...['customerSalutation', 'customerGivenNames', 'customerSurname', 'customerDob'].map(text),
  ],
  creditProfile: [text('customerCreditStatus')],
  address: ['addressLine1', 'addressLine2', 'suburb', 'state', 'postcode', 'countryCode'].map(text),
  customerAgreement: ['planNo', 'contractTerm'].map(integer),
  settings: [
    ...['language', 'currency', 'altCustId', 'accountManager'].map(text),
    boolean('portalAccess'),
    number('expectedCallSpend'),
  ],
  authorisedPerson: [
    ...['authName', 'authPhone', 'authMobile', 'authEmail', 'authEmailAlt'].map(text),
    boolean('highRisk'),
  ],
};

const lists: Readonly<Record<string, readonly Field[]>> = {
  contactMedium: ['contactType', 'contactDestination'].map(text),
  relatedParty: ['type', 'id'].map(text),
};

const single = [oneOf('customerStatus', ['ACT', 'SUS', 'TER', 'DIS']), text('notes')];

export const updateCustomer: Operation = {
  name: 'customer-update',
  route: 'PATCH /v1/group/{groupno}/customer/{custno}',
  decide: ({ custno, body, records }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const errors = updateFaults(body);
    if (errors.length > 0) return refused(errors);
    return { answer: noContent(), change: () => records.changeCustomer(custno, documented(body)) };
  },
};

export const getCustomer: Operation = {
  name: 'customer',
  route: 'GET /v1/group/{groupno}/customer/{custno}',
  reads: true,
  decide: ({ custno, records }) => ({ answer: json(200, records.customer(custno)) }),
};

/** Of the query, only what the sandbox knows of its customers chooses among them. */
export const listCustomers: Operation = {
  name: 'customers',
  route: 'GET /v1/group/{groupno}/customer',
  reads: true,
  decide: ({ group, query, records }) => {
    const status = query.get('customerStatus');
    const type = query.get('customerType');
    const customers = group.customers
      .map(({ custno }) => records.customer(custno))
      .filter(({ customerStatus }) => status === null || status === customerStatus)
      .filter(({ customerIdentity }) => type === null || type === customerIdentity?.['customerType']);
    return { answer: json(200, customers) };
  },
};

function updateFaults(body: Record<string, unknown>): string[] {
  return [
    ...fieldFaults(body, single),
    ...Object.entries(sections).flatMap(([name, fields]) => {
      if (!Object.hasOwn(body, name)) return [];
      const sent = body[name];
      return isObject(sent) ? fieldFaults(sent, fields, `${name}.`) : [`${name} must be an object`];
    }),
    ...Object.entries(lists).flatMap(([name, fields]) => {
      if (!Object.hasOwn(body, name)) return [];
      const sent = body[name];
      if (!Array.isArray(sent) || !sent.every(isObject)) return [`${name} must be a list of objects`];
      return sent.flatMap((element, index) => fieldFaults(element, fields, `${name}[${index}].`));
    }),
  ];
}

/** What of a body without faults is documented. */
function documented(body: Record<string, unknown>): Record<string, unknown> {
  const known = [...single.map(({ name }) => name), ...Object.keys(sections), ...Object.keys(lists)];
  return Object.fromEntries(known.flatMap((name) => (Object.hasOwn(body, name) ? [[name, body[name]]] : [])));
}

function textOf(name: string, least: number, most = Infinity): Field {
  return {
    name,
    expected:
      most === Infinity
        ? `a string of at least ${least} characters`
        : `a string of at most ${most} characters`,
    holds: (value) => typeof value === 'string' && value.length >= least && value.length <= most,
  };
}
