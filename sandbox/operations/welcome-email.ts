import { noContent } from '../answer.ts';
import { isObject } from '../fields.ts';
import { customerOf, refused } from '../operation.ts';
import type { Operation } from '../operation.ts';

export const welcomeEmail: Operation = {
  name: 'welcome-email',
  route: 'POST /v1/group/{groupno}/customer/{custno}/send-welcome-email',
  decide: ({ group, custno, body, records }) => {
    if (!isObject(body)) return refused(['the body must be a JSON object']);
    const to = customerOf(group, custno)!.email;
    return {
      answer: noContent(),
      change: (at) => records.addEmail({ at, groupno: group.groupno, custno, to }),
    };
  },
};
