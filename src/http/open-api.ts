import { Injectable } from '@nestjs/common';

/** What describes the API. The same bytes for everybody: they are many, and anybody may ask for them. */
export interface Reference {
  /** The OpenAPI document. */
  readonly json: Buffer;
  readonly page: { readonly html: Buffer; readonly contentSecurityPolicy: string };
}

/** The description of the API, made when somebody first asks for it: what makes it takes long to load. */
@Injectable()
export class OpenApi {
  private make: (() => Promise<Reference>) | undefined;
  private made: Promise<Reference> | undefined;

  madeBy(make: () => Promise<Reference>): void {
    this.make = make;
    this.made = undefined;
  }

  get reference(): Promise<Reference> {
    if (!this.make) throw new Error('nothing makes the description');
    this.made ??= this.make().catch((error: unknown) => {
      // What failed for want of memory or files may succeed the next time.
      this.made = undefined;
      throw error;
    });
    return this.made;
  }
}
