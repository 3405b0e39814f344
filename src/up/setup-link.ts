/**
 * The link with which the first admin of a local cluster is made in the console, as its dashboard tells callers on this
 * machine.
 */
import { V1Client } from "../api/v1-client.ts";
import { isCodisError } from "../base/error.ts";
import type { ClusterLayout } from "./layout.ts";

const CALL_MS = 2_000;

/** undefined when there is a user already, or the dashboard doesn't answer. */
export async function findSetupLink(layout: ClusterLayout): Promise<string | undefined> {
  const client = new V1Client({
    addr: `127.0.0.1:${layout.dashboard.port}`,
    timeoutMs: CALL_MS,
  });
  try {
    return (await client.session()).setup_link ?? undefined;
  } catch (thrown) {
    if (!isCodisError(thrown)) {
      throw thrown;
    }
    return undefined; // No leader for the moment; its log has the link.
  }
}
