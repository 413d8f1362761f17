import type { Operation } from './operation.ts';
import { getCustomer, listCustomers, updateCustomer } from './operations/customers.ts';
import { disconnectDataPool, getDataPool, limitData, transferServices } from './operations/data-pools.ts';
import { directDebit } from './operations/direct-debit.ts';
import { getEsimDetails } from './operations/esim.ts';
import { addPaymentMethod, listPaymentMethods, payment } from './operations/payments.ts';
import { checkServiceQualification } from './operations/service-qualification.ts';
import { welcomeEmail } from './operations/welcome-email.ts';

/** What this Octane knows: all of which at least the method and, if only inferred, the path are public. */
export const operations: readonly Operation[] = [
  directDebit,
  welcomeEmail,
  payment,
  addPaymentMethod,
  listPaymentMethods,
  updateCustomer,
  getCustomer,
  listCustomers,
  checkServiceQualification,
  getDataPool,
  limitData,
  transferServices,
  disconnectDataPool,
  getEsimDetails,
];

export const operationNames: readonly string[] = operations.map(({ name }) => name);
