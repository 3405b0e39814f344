/**
 * Why a mover can't go on for now. Both kinds are thrown inside a mover only: it rests, tries again, and tells
 * the text to clients whose request waited too long. Texts are one line.
 */

/** A connection was lost, or none can be made; what was sent may have been done or not. */
export class LinkLost extends Error {
  /** Nobody listens at the address: the process is gone, and with it what it had to do. */
  readonly isRefused: boolean;

  constructor(message: string, isRefused: boolean) {
    super(message);
    this.name = "LinkLost";
    this.isRefused = isRefused;
  }
}

/** A server answered, but with an error or with something that nothing can be done with. */
export class ServerRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ServerRefused";
  }
}
