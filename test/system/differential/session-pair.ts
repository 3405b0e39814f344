/**
 * A session at the proxy and its twin at the bare server: what one is told the other is told too, so both
 * are in the same protocol and database all the time.
 */

import { isErrorReply } from "../../../src/resp/value.ts";
import { RespConnection } from "../../support/resp-connection.ts";
import type { Argv } from "./grammar.ts";

/** Where the two servers listen. */
export interface PairPorts {
  readonly proxy: number;
  readonly bare: number;
}

/** See the file head. */
export class SessionPair {
  readonly #ports: PairPorts;
  #ours: RespConnection;
  #theirs: RespConnection;
  /** What HELLO, SELECT and RESET made of the session. */
  proto: 2 | 3 = 2;
  db = 0;

  private constructor(ports: PairPorts, ours: RespConnection, theirs: RespConnection) {
    this.#ports = ports;
    this.#ours = ours;
    this.#theirs = theirs;
  }

  static async open(ports: PairPorts): Promise<SessionPair> {
    const ours = await RespConnection.open(ports.proxy);
    return new SessionPair(ports, ours, await RespConnection.open(ports.bare));
  }

  /** The session at the proxy. */
  get ours(): RespConnection {
    return this.#ours;
  }

  /** The session at the bare server. */
  get theirs(): RespConnection {
    return this.#theirs;
  }

  /** The same command to both, one reply each. */
  async both(...argv: Argv): Promise<readonly [ours: Buffer, theirs: Buffer]> {
    return Promise.all([this.#ours.call(...argv), this.#theirs.call(...argv)]);
  }

  /** Puts both sessions into this protocol and database. */
  async enter(proto: 2 | 3, db: number): Promise<void> {
    if (this.proto !== proto) await this.both("HELLO", `${proto}`);
    if (this.db !== db) await this.both("SELECT", `${db}`);
    this.proto = proto;
    this.db = db;
  }

  /** Follows what a command did to the session. */
  note(argv: Argv, reply: Buffer): void {
    const name = `${argv[0]}`.toLowerCase();
    if (isErrorReply(reply)) return;
    if (name === "reset") {
      this.proto = 2;
      this.db = 0;
    }
    if (name === "select") this.db = Number(argv[1]);
    if (name === "hello" && argv.length > 1) this.proto = `${argv[1]}` === "3" ? 3 : 2;
  }

  /** New connections after the old ones are gone. */
  async reopen(): Promise<void> {
    this.close();
    this.#ours = await RespConnection.open(this.#ports.proxy);
    this.#theirs = await RespConnection.open(this.#ports.bare);
    this.proto = 2;
    this.db = 0;
  }

  close(): void {
    this.#ours.destroy();
    this.#theirs.destroy();
  }
}
