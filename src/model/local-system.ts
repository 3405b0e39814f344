/**
 * What programs say of the machine they run on, in the form of Codis: `uname -a` without the build. For the
 * models of proxies and dashboards; shown to people, never compared.
 */
import { hostname, machine, release, type } from "node:os";

/** Name of the system, like `Linux host1 5.10.0 x86_64 GNU/Linux`. */
export function systemName(): string {
  return `${type()} ${hostname()} ${release()} ${machine()} GNU/Linux`;
}
