/**
 * What stock clients send before the first command of an application, as data: the exact requests, in
 * the order and in the writes in which they leave, and what the client demands of each reply. A replay
 * (`handshake-replay.ts`) shows whether a server lets the client connect, without the client.
 *
 * docs/clients.md has the table of clients; a test holds the two together.
 */
import { DOCUMENTED_HANDSHAKES } from "./documented-handshake.ts";
import type { ClientHandshake } from "./handshake-step.ts";
import { RECORDED_HANDSHAKES } from "./recorded-handshake.ts";

/** All handshakes, with the logins in them when the server has a password. */
export function clientHandshakes(password?: string): readonly ClientHandshake[] {
  return [...RECORDED_HANDSHAKES, ...DOCUMENTED_HANDSHAKES].map((build) => build(password));
}
