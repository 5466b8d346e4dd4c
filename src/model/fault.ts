/**
 * What is wrong with what the operator gave (a flag, a file, an address) or with the system: returned, never thrown.
 * `message` is for the log or the terminal. The fault of a client is a Rejection.
 */
export class Fault {
  constructor(readonly message: string) {}
}
