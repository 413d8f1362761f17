import { dtoBody } from '../dispatch/dto-body.ts';
import { change } from '../operations/operation.ts';
import { SendWelcomeEmailDto } from './dto/send-welcome-email.dto.ts';

const HOUR_SECONDS = 3600;

/** Octane's «Send Welcome Email». Each call that reaches Octane is one more email in the customer's inbox. */
export const welcomeEmail = change<SendWelcomeEmailDto, void>({
  name: 'welcome-email',
  id: 'sendWelcomeEmail',
  scope: 'welcome-email:send',
  route: 'POST /v1/customers/{custno}/send-welcome-email',
  octane: 'POST /v1/group/{groupno}/customer/{custno}/send-welcome-email',
  repeat: 'once',
  key: 'optional',
  limit: ({ welcomeEmailRateLimit }) => ({
    quota: welcomeEmailRateLimit,
    windowSeconds: HOUR_SECONDS,
    detail:
      'This customer has reached the limit of welcome emails for one hour. Try again after the seconds in Retry-After.',
  }),
  inDoubt: 'Ask the customer whether the email has arrived before you send another.',
  body: dtoBody({
    dto: SendWelcomeEmailDto,
    required: false,
    description: 'None, or an empty JSON object.',
    level: ({ directDebitRules }) => directDebitRules,
    schemas: {
      SendWelcomeEmail: {
        dto: SendWelcomeEmailDto,
        words: { description: 'The body of Send Welcome Email: an object without properties.', fields: {} },
      },
    },
    examples: { empty: { summary: 'An empty object', value: {} } },
    refused: ['jo.bloggs@example.com'],
  }),
  answer: { status: 204, description: 'Octane has sent the email.' },
  words: {
    tag: { name: 'Welcome email', description: 'Send the welcome email again.' },
    summary: 'Send the welcome email again',
    description: [
      'Sends the welcome email again to a customer with a Customer Portal account. **Each request that reaches Octane is another email in the customer’s inbox.**',
      'Send an `Idempotency-Key`. A repeated request with the same key then gets the first answer again and sends no second email. If the outcome is unknown, the same key gets 409 `outcome-unknown`. Only a new key sends another email.',
      'You can send one customer a few emails an hour. Past this limit the answer is 429 `rate-limited`.',
    ].join('\n\n'),
  },
});
