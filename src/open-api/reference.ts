import type { INestApplication } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import type { Reference } from '../http/open-api.ts';
import { Operations } from '../operations/operations.ts';
import { makeDocument } from './document.ts';
import { makePage } from './page.ts';

/** The API's description, for programs and for people. */
export function makeReference(app: INestApplication, settings: Settings): Reference {
  const document = makeDocument(app, settings);
  const refused = Object.fromEntries(
    app.get(Operations, { strict: false }).all.flatMap(({ id, body }) => (body ? [[id, body.refused]] : [])),
  );
  return { json: Buffer.from(JSON.stringify(document)), page: makePage(document, refused, settings) };
}
