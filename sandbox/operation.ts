import { json, text, type Answer } from './answer.ts';
import type { OctaneRecords } from './octane-records.ts';
import type { Customer, Group } from './seed.ts';

/** A request of a user whom Octane knows. */
export interface Asked {
  /** The user's. */
  group: Group;
  /** A customer of the group; empty where the path names none. */
  custno: string;
  /** The JSON value of the body; undefined where there is none. */
  body: unknown;
  query: URLSearchParams;
  records: OctaneRecords;
}

/** What Octane says to a request, and the change that it makes when it says so. */
export interface Decision {
  answer: Answer;
  /** @param at when it is made, ISO 8601 */
  change?: (at: string) => void;
}

/** One operation of Octane. */
export interface Operation {
  /** As the gateway's operations file names it. */
  name: string;
  /** The method, and the path below the base path with `{groupno}` and `{custno}`. */
  route: string;
  /** Whether it only tells something, whatever its method. */
  reads?: true;
  decide: (asked: Asked) => Decision;
}

/** What is not documented, for a body that breaks the documented schema. */
export function refused(errors: readonly string[]): Decision {
  return { answer: json(400, { errors }) };
}

/** The one error that is documented. */
export function denied(): Decision {
  return { answer: text(403, 'Invalid access') };
}

/** @param custno a text or a number; Octane's pages have both */
export function customerOf({ customers }: Group, custno: unknown): Customer | undefined {
  return customers.find((customer) => customer.custno === String(custno));
}
