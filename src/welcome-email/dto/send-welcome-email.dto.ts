import { ApiSchema } from '@nestjs/swagger';

/** The body of «Send Welcome Email»: an object without properties. */
@ApiSchema({ name: 'SendWelcomeEmail' })
// oxlint-disable-next-line typescript/no-extraneous-class -- only what is a class is validated
export class SendWelcomeEmailDto {}
