export interface Customer {
  custno: string;
  email: string;
  name: string;
  /** The numbers of the mobile services, in order: none that anybody has. */
  msns: readonly string[];
}

export interface Group {
  groupno: string;
  username: string;
  password: string;
  customers: Customer[];
}

export interface Client {
  clientId: string;
  clientSecret: string;
  /** Whether its token must name one customer: the one that the token request asks for. */
  ownCustomer: boolean;
  actsFor: string;
}

export const groups: Group[] = [
  {
    groupno: '1001',
    username: 'sandbox-1001',
    password: 'sandbox-only-1001',
    customers: [
      { custno: '700123', email: 'alex@example.com', name: 'Alex', msns: ['0491570156', '0491570157'] },
      { custno: '700124', email: 'billie@example.com', name: 'Billie', msns: ['0491570158', '0491570159'] },
      { custno: '700125', email: 'charlie@example.com', name: 'Charlie', msns: ['0491570110', '0491570313'] },
      { custno: '700126', email: 'dana@example.com', name: 'Dana', msns: ['0491570737', '0491571266'] },
    ],
  },
  {
    groupno: '2002',
    username: 'sandbox-2002',
    password: 'sandbox-only-2002',
    customers: [
      { custno: '800201', email: 'eden@example.com', name: 'Eden', msns: ['0491571491', '0491571804'] },
      { custno: '800202', email: 'frankie@example.com', name: 'Frankie', msns: ['0491572549', '0491572665'] },
      { custno: '800203', email: 'gale@example.com', name: 'Gale', msns: ['0491572983', '0491573770'] },
    ],
  },
];

/** The callers of config/gateway.yaml. */
export const clients: Client[] = [
  {
    clientId: 'selfcare-app',
    clientSecret: 'sandbox-only-selfcare-app',
    ownCustomer: true,
    actsFor: 'one customer of group 1001, asked for with custno',
  },
  {
    clientId: 'billing-service',
    clientSecret: 'sandbox-only-billing-service',
    ownCustomer: false,
    actsFor: 'every customer of group 2002',
  },
];

/** Whose token the gateway's own reference gets, and for which customer. */
export const docsTokenRequest = { client: 'selfcare-app', custno: '700123' };

/** All that the operations of config/operations.yaml need. */
export const scopes = [
  'direct-debit:write',
  'welcome-email:send',
  'payment:take',
  'payment-method:add',
  'payment-method:read',
  'customer:update',
  'customer:read',
  'customer:list',
  'service-qualification:check',
  'data-pool:read',
  'data-pool:limit',
  'data-pool:transfer',
  'data-pool:disconnect',
  'esim:read',
];

/** The `aud` of every token. */
export const audience = 'octane-bff';

/** The variables that config/gateway.yaml names for the groups' Basic credentials. */
export function groupCredentials(): Record<string, string> {
  return Object.fromEntries(
    groups.flatMap(({ groupno, username, password }) => [
      [`OCTANE_${groupno}_USERNAME`, username],
      [`OCTANE_${groupno}_PASSWORD`, password],
    ]),
  );
}
