import { Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';

/** The OpenAPI 3.1 document, made from the code when somebody first asks for it. */
@Injectable()
export class OpenApi {
  private app: INestApplication | undefined;
  private made: Buffer | undefined;

  describe(app: INestApplication): void {
    this.app = app;
  }

  /** The same bytes for everybody: it is large, and anybody may ask for it. */
  get json(): Buffer {
    if (!this.app) throw new Error('no application to describe');
    this.made ??= Buffer.from(JSON.stringify(SwaggerModule.createDocument(this.app, description())));
    return this.made;
  }
}

function description(): Omit<OpenAPIObject, 'paths'> {
  return new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('octane-bff')
    .setDescription(
      'Backend-for-frontend of the Octane billing API: sets a customer’s direct debit and sends the welcome email, for callers that an OpenID provider vouches for.',
    )
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'accessToken')
    .build();
}
