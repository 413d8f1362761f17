import { Injectable } from '@nestjs/common';

/** Whether this gateway still wants requests. Draining is one way: a gateway that leaves does not come back. */
@Injectable()
export class Lifecycle {
  private leaving = false;

  get draining(): boolean {
    return this.leaving;
  }

  drain(): void {
    this.leaving = true;
  }
}
