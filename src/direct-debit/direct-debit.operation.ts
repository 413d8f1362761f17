import { dtoBody } from '../dispatch/dto-body.ts';
import { change } from '../operations/operation.ts';
import {
  DIRECT_DEBIT_ORDER_WORDS,
  DIRECT_DEBIT_SCHEMA,
  EXAMPLES,
  REFUSED_DIRECT_DEBIT,
  SET_DIRECT_DEBIT_WORDS,
} from './direct-debit.words.ts';
import { DirectDebitDto } from './dto/direct-debit.dto.ts';
import { SetDirectDebitDto } from './dto/set-direct-debit.dto.ts';
import { readDirectDebitAnswer } from './wire.ts';

/** Octane's «Set Customer Direct Debit». */
export const directDebit = change({
  name: 'direct-debit',
  id: 'setDirectDebit',
  scope: 'direct-debit:write',
  route: 'POST /v1/customers/{custno}/direct-debit',
  octane: 'POST /v1/group/{groupno}/customer/{custno}/direct-debit',
  // Setting it twice does what setting it once does.
  repeat: 'harmless',
  key: 'optional',
  inDoubt:
    'You may send the same direct debit again. Setting it twice has the same effect as setting it once.',
  body: dtoBody({
    dto: SetDirectDebitDto,
    required: true,
    description: 'JSON in UTF-8, at most 16 KiB.',
    level: ({ directDebitRules }) => directDebitRules,
    schemas: {
      SetDirectDebit: { dto: SetDirectDebitDto, words: SET_DIRECT_DEBIT_WORDS },
      DirectDebitOrder: { dto: DirectDebitDto, words: DIRECT_DEBIT_ORDER_WORDS },
    },
    examples: EXAMPLES.requests,
    refused: REFUSED_DIRECT_DEBIT,
  }),
  answer: {
    status: 200,
    description: 'Octane has set the direct debit.',
    reads: (status) => status === 200,
    read: (body) => {
      const answer = readDirectDebitAnswer(body);
      return answer ? { answer } : 'not-documented';
    },
    schemas: {
      DirectDebitAnswer: {
        type: 'object',
        description: 'The answer of Set Customer Direct Debit.',
        properties: { directDebit: { $ref: '#/components/schemas/DirectDebit' } },
        required: ['directDebit'],
        additionalProperties: false,
      },
      DirectDebit: DIRECT_DEBIT_SCHEMA,
    },
    examples: EXAMPLES.answers,
  },
  words: {
    tag: { name: 'Direct debit', description: 'Set how a customer pays.' },
    summary: "Set a customer's direct debit",
    description: [
      'Replaces the direct debit of the customer in Octane with the one in the body. The answer is the direct debit as Octane has it now. Setting it twice has the same effect as setting it once, so you may send the same request again after an unknown outcome.',
      'If the body breaks rules, the answer lists all fields at once, each with the first rule that it breaks. No value is converted: `"10"` is not a number. Octane gets dates and amounts with the value that you sent.',
    ].join('\n\n'),
  },
});
