import type { INestApplication } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import type { Reference } from '../http/open-api.ts';
import { makeDocument } from './document.ts';
import { OPERATIONS } from './operations.ts';
import { makePage } from './page.ts';

/** The API's description, for programs and for people. */
export function makeReference(app: INestApplication, settings: Settings): Reference {
  const document = makeDocument(app, settings);
  const refused = Object.fromEntries(
    Object.values(OPERATIONS).flatMap((operation) =>
      'body' in operation ? [[operation.operationId, operation.body.refused]] : [],
    ),
  );
  return { json: Buffer.from(JSON.stringify(document)), page: makePage(document, refused, settings) };
}
