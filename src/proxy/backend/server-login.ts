/**
 * As whom a worker logs in to servers: the product's password, until a dashboard gives this start of the proxy a user
 * of its own, which servers can revoke. One object for all connections of a worker; read at each handshake, so that a
 * change holds from the next connection on.
 */

/** See the file head. */
export class ServerLogin {
  /** Empty: the default user. */
  user = "";
  /** Empty: no login. */
  password: string;
  readonly #productPassword: string;

  constructor(productPassword: string) {
    this.password = productPassword;
    this.#productPassword = productPassword;
  }

  /** An empty user is the product's password. */
  set(user: string, password: string): void {
    this.user = user;
    this.password = user === "" ? this.#productPassword : password;
  }
}
