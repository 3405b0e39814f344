/**
 * The login at etcd: a token for a user and a password, kept until it is refused. Tokens expire (300
 * seconds by default), and a server forgets those that it gave out when it restarts.
 */
import { CodisError } from "../../base/error.ts";
import type { Verdict } from "./verdict.ts";

/** A verdict other than an answer. */
export type Failure = Exclude<Verdict, { readonly kind: "value" }>;

/** Keeps one token for all calls. */
export class Login {
  readonly #name: string;
  readonly #password: string;
  #token = "";
  /** The cluster said that it wants no login; true until a call is refused for the lack of one. */
  #isOff = false;
  #running: Promise<string | Failure> | undefined;

  /** `auth` is `user:password`, or empty. Throws CONFIG_INVALID for anything else. */
  constructor(auth: string) {
    const colon = auth.indexOf(":");
    if (auth !== "" && colon <= 0) {
      throw new CodisError("CONFIG_INVALID", "the login for etcd must be user:password");
    }
    this.#name = auth.slice(0, Math.max(0, colon));
    this.#password = auth.slice(colon + 1);
  }

  /** Whether there are a user and a password. */
  get isPossible(): boolean {
    return this.#name !== "";
  }

  /** The token; empty when none is needed. Otherwise what came of the try to get one. */
  token(send: (body: string) => Promise<Verdict>): Promise<string | Failure> {
    if (!this.isPossible || this.#isOff || this.#token !== "") {
      return Promise.resolve(this.#token);
    }
    this.#running ??= this.#logIn(send).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** This token was refused: the next call logs in again, unless another has a newer one already. */
  forget(token: string): void {
    if (token === this.#token) {
      this.#token = "";
      this.#isOff = false;
    }
  }

  async #logIn(send: (body: string) => Promise<Verdict>): Promise<string | Failure> {
    const body = { name: this.#name, password: this.#password };
    const verdict = await send(JSON.stringify(body));
    if (verdict.kind === "auth-off") {
      this.#isOff = true;
      return "";
    }
    if (verdict.kind !== "value") {
      return verdict.kind === "refused"
        ? { kind: "refused", reason: `user ${this.#name}: ${verdict.reason}` }
        : verdict;
    }
    const { token } = verdict.value as { readonly token?: string };
    this.#token = token ?? "";
    return this.#token;
  }
}
