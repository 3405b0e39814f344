/**
 * The command line that sets the speed of an operation. Pure.
 */
import type { SpeedLimit } from "../plans/plan-command.ts";
import { speedFlags } from "../plans/plan-command.ts";

/** No limit at all is `--unlimited`; one limit that is taken away while the other stays is written as 0. */
export function speedCommand(id: string, limit: SpeedLimit): string {
  const { keysPerSecond, bytesPerSecond, p99GuardMs } = limit;
  if (keysPerSecond === 0 && bytesPerSecond === 0 && p99GuardMs === 0) {
    return `codis operation speed ${id} --unlimited`;
  }
  const off =
    (keysPerSecond === 0 ? " --keys-per-second 0" : "") +
    (bytesPerSecond === 0 ? " --bytes-per-second 0" : "") +
    (p99GuardMs === 0 ? " --p99-guard-ms 0" : "");
  return `codis operation speed ${id}${speedFlags(limit)}${off}`;
}
