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
  /** A public client has none. */
  clientSecret?: string;
  getsTokensBy: 'secret' | 'login' | 'exchange';
  /** Whether its token must name the customers that it may act for: those of the user, or those that the token request names. */
  ownCustomer: boolean;
  /** All that there are, unless they are listed. */
  scopes?: readonly string[];
  redirectUris?: readonly string[];
  actsFor: string;
}

/** Somebody who can log in. */
export interface User {
  userId: string;
  name: string;
  custnos: readonly string[];
  /** Chooses the group, by config/gateway.yaml. */
  brand?: string;
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
    getsTokensBy: 'secret',
    ownCustomer: true,
    actsFor: 'the customers of group 1001 that are asked for with custno',
  },
  {
    clientId: 'billing-service',
    clientSecret: 'sandbox-only-billing-service',
    getsTokensBy: 'secret',
    ownCustomer: false,
    actsFor: 'every customer of group 2002',
  },
  {
    clientId: 'mobile-app',
    getsTokensBy: 'login',
    ownCustomer: true,
    // On a loopback host every port is allowed (RFC 8252, section 7.3).
    redirectUris: [
      'com.example.octane-bff:/callback',
      'http://127.0.0.1/callback',
      'http://localhost/callback',
      'http://127.0.0.1/docs',
      'http://localhost/docs',
    ],
    actsFor: 'the customers of the user who logs in',
  },
  {
    clientId: 'portal-backend',
    clientSecret: 'sandbox-only-portal-backend',
    getsTokensBy: 'exchange',
    ownCustomer: true,
    scopes: ['direct-debit:write', 'welcome-email:send', 'customer:read', 'data-pool:read'],
    actsFor: 'the customers of the user whose token it exchanges',
  },
];

export const users: User[] = [
  { userId: 'alex', name: 'Alex', custnos: ['700123'], brand: 'acme' },
  { userId: 'billie', name: 'Billie', custnos: ['700124', '700125'], brand: 'acme' },
  { userId: 'eden', name: 'Eden', custnos: ['800201'], brand: 'bolt' },
  { userId: 'robin', name: 'Robin of the support team', custnos: [] },
];

/** How strong a login can be: the values of `acr`, each with the name of its button. */
export const logins: Readonly<Record<string, string>> = {
  basic: 'Log in',
  strong: 'Log in with a second factor',
};

/** Whose token the gateway's own reference gets, and for which customer. */
export const docsTokenRequest = { client: 'selfcare-app', custno: '700123' };

/** All that the operations of config/operations.yaml and the routes of customer links need. */
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
  'customer-links:read',
  'customer-links:write',
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
