import type { INestApplication } from '@nestjs/common';
import type { Settings } from '../config/settings.ts';
import { makeOnce } from './open-api.ts';
import type { Reference } from './open-api.ts';
import { makeDocument } from './document.ts';
import { makePage } from './page.ts';

/** The API's description, for programs and for people. */
export function makeReference(app: INestApplication, settings: Settings): Reference {
  return {
    json: Buffer.from(JSON.stringify(makeDocument(app, settings))),
    page: makeOnce(() => makePage(settings)),
  };
}
