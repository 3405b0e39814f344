/**
 * How one session looks in CLIENT LIST and CLIENT INFO: the line of Redis 7.2, so that parsers of that
 * format work.
 *
 * Fields of Redis that have no meaning here are there with a value that says so: `fd=-1` (a worker's
 * descriptor means nothing to others), and 0 for the buffers that Redis keeps for each client and we
 * don't (`qbuf-free argv-mem multi-mem rbs rbp obl oll`). Output that waits is all in `omem`.
 */
import type { ClientInfo, ClientState } from "../context.ts";
import { USER_NAME } from "./login.ts";

/**
 * What CLIENT LIST tells of a session. `nowMs` is of the clock of `createdAtMs` and `lastRequestAtMs`,
 * `performance.now()`.
 */
export function describeClient(client: ClientState, nowMs: number): ClientInfo {
  return {
    id: client.id,
    addr: client.addr,
    laddr: client.laddr,
    name: client.name,
    ageSeconds: wholeSeconds(nowMs - client.createdAtMs),
    idleSeconds: wholeSeconds(nowMs - client.lastRequestAtMs),
    db: client.db,
    proto: client.proto,
    inputBytes: client.inputBytes(),
    outputBytes: client.outputBytes(),
    lastCommand: client.lastCommand,
    libName: client.libName,
    libVersion: client.libVersion,
  };
}

/** One line without its line end. */
export function clientLine(info: ClientInfo): string {
  const memory = info.inputBytes + info.outputBytes;
  return (
    `id=${info.id} addr=${info.addr} laddr=${info.laddr} fd=-1 name=${info.name} ` +
    `age=${info.ageSeconds} idle=${info.idleSeconds} flags=N db=${info.db} sub=0 psub=0 ssub=0 multi=-1 ` +
    `qbuf=${info.inputBytes} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 ` +
    `obl=0 oll=0 omem=${info.outputBytes} tot-mem=${memory} events=r cmd=${info.lastCommand || "NULL"} ` +
    `user=${USER_NAME} redir=-1 resp=${info.proto} lib-name=${info.libName} lib-ver=${info.libVersion}`
  );
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}
