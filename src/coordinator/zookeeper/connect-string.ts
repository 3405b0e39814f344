/**
 * The address list of a ZooKeeper ensemble: `host:port,host:port`, with a path at its end (`/company/redis`)
 * when everything lies under that node (a "chroot"). Ports may be left out; IPv6 addresses are in brackets.
 */
import { CodisError, messageOf } from "../../base/error.ts";
import { checkPath } from "../node-check.ts";

/** One server. */
export interface ZookeeperServer {
  readonly host: string;
  readonly port: number;
  /** As it was written, with the port; for messages. */
  readonly label: string;
}

/** A parsed address list. */
export interface ConnectString {
  /** At least one, in the order in which they were written. */
  readonly servers: readonly ZookeeperServer[];
  /** The path in front of all paths, without a slash at its end; empty when there is none. */
  readonly root: string;
}

const DEFAULT_PORT = 2181;
const SERVERS_MAX = 64;
const SERVER = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/;

/** Throws ADDRESS_INVALID for anything that isn't an address list. */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf("/");
  const hosts = slash < 0 ? text : text.slice(0, slash);
  const root = slash < 0 ? "" : text.slice(slash).replace(/\/$/, "");
  if (root !== "") {
    try {
      checkPath(root);
    } catch (cause) {
      throw invalid(text, messageOf(cause), cause);
    }
  }
  const parts = hosts.split(",").map((part) => part.trim());
  if (parts.length > SERVERS_MAX) {
    throw invalid(text, `at most ${SERVERS_MAX} servers`);
  }
  return { servers: parts.map((part) => parseServer(text, part)), root };
}

function parseServer(text: string, part: string): ZookeeperServer {
  const match = SERVER.exec(part);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw invalid(text, `${JSON.stringify(part)} isn't host:port`);
  }
  return { host, port, label: match?.[1] === undefined ? `${host}:${port}` : `[${host}]:${port}` };
}

function invalid(text: string, problem: string, cause?: unknown): CodisError {
  return new CodisError(
    "ADDRESS_INVALID",
    `${JSON.stringify(text)} isn't a list of ZooKeeper servers (host:port,host:port): ${problem}`,
    { cause },
  );
}
