import { Injectable } from '@nestjs/common';

/** What describes the API. The same bytes for everybody: they are many, and anybody may ask for them. */
export interface Reference {
  /** The OpenAPI document. */
  readonly json: Buffer;
  readonly page: () => Promise<Page>;
}

/** The interactive reference, and the policy that lets a browser run its scripts and ask this gateway, and nothing else. */
export interface Page {
  readonly html: Buffer;
  /** The same, compressed. */
  readonly gzip: Buffer;
  readonly contentSecurityPolicy: string;
}

/** The description of the API, made when somebody first asks for it: what makes it takes long to load. */
@Injectable()
export class OpenApi {
  private make: (() => Promise<Reference>) | undefined;
  private made: (() => Promise<Reference>) | undefined;

  madeBy(make: () => Promise<Reference>): void {
    this.make = make;
    this.made = makeOnce(make);
  }

  get reference(): Promise<Reference> {
    if (!this.make || !this.made) throw new Error('nothing makes the description');
    return this.made();
  }
}

/** Makes something when it is first asked for. What failed for want of memory or files may succeed the next time. */
export function makeOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
