import { CommandLine } from '../config/command-line.ts';
import type { Refusal } from '../config/command-line.ts';
import { CUSTNO } from '../config/customer-number.ts';
import type { CustomerLink } from '../journal/store/schema.ts';

const commandLine = new CommandLine('customers');

/** What `npm run customers` is asked to do. The subjects are as they were typed. */
export type LinkCommand =
  | { readonly name: 'help' }
  | { readonly name: 'link' | 'unlink'; readonly link: CustomerLink }
  | { readonly name: 'list'; readonly filter: Partial<CustomerLink> }
  | { readonly name: 'history'; readonly filter: Partial<CustomerLink> }
  | { readonly name: 'import'; readonly file: string };

/**
 * @param args what stands behind `npm run customers --`
 * @throws Refusal that says in one line what is wrong with them
 */
export function commandOf(args: string[]): LinkCommand {
  const { values, positionals } = parsed(args);
  const { help, ...filter } = values;
  if (help === true) return { name: 'help' };
  const [name, ...rest] = positionals;
  if (filter.custno !== undefined && !CUSTNO.test(filter.custno))
    throw misunderstood('--custno is a number of 1 to 10 digits without a leading zero');
  if (filter.subject === '') throw misunderstood('--subject must not be empty');
  if ((name === 'list' || name === 'history') && rest.length === 0) return { name, filter };
  if ((name === 'link' || name === 'unlink') && rest.length === 0) {
    const { issuer, subject, groupno, custno } = filter;
    if (issuer === undefined || subject === undefined || groupno === undefined || custno === undefined)
      throw misunderstood(`The command ${name} needs --issuer, --subject, --groupno and --custno`);
    return { name, link: { issuer, subject, groupno, custno } };
  }
  const [file, ...others] = rest;
  if (name === 'import' && file !== undefined && others.length === 0) {
    const [other] = Object.keys(filter);
    if (other !== undefined) throw misunderstood(`The command import has no option --${other}`);
    return { name, file };
  }
  throw misunderstood('Use link, unlink, list, history or import FILE.csv');
}

const parsed = (args: string[]) =>
  commandLine.parse(args, {
    issuer: { type: 'string' },
    subject: { type: 'string' },
    groupno: { type: 'string' },
    custno: { type: 'string' },
    help: { type: 'boolean' },
  });

const misunderstood = (fault: string): Refusal => commandLine.misunderstood(fault);
