/** A customer number of Octane, as paths, tokens, the journal and the log know it. */
export const CUSTNO = /^[1-9][0-9]{0,9}$/;
