/** The body of «Send Welcome Email»: an object without properties. */
// oxlint-disable-next-line typescript/no-extraneous-class -- only what is a class is validated
export class SendWelcomeEmailDto {}
