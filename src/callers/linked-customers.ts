import type { Caller } from './caller.ts';

/** The customers that the operator has linked to users. */
export abstract class LinkedCustomers {
  /**
   * @returns the numbers of the user's customers in the caller's group, at once where they are known
   * @throws Problem `directory-unavailable`; a promise is rejected with it
   */
  abstract customersOf(
    user: Pick<Caller, 'issuer' | 'subject' | 'groupno'>,
  ): readonly string[] | Promise<readonly string[]>;
}
