/** Placeholder contract; see the supervisor room. */
import type { Log } from "../../base/log.ts";
import type { ProxyConfig } from "../config.ts";
import type { Fleet } from "./fleet.ts";

/** Starts `config.workers` children and keeps them running. */
export async function startChildWorkers(
  _fleet: Fleet,
  _config: ProxyConfig,
  _options: { readonly listenAddr: string; readonly token: string; readonly isIpv6Only: boolean },
  _log: Log,
): Promise<void> {
  throw new Error("several workers are not there yet");
}
