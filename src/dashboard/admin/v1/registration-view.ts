/**
 * Proxies that are registered for applications, in the coordinator of this dashboard: who finds a proxy there uses it,
 * whether the product has it or not. One that the product doesn't have serves by an old slot table, or by none.
 */
import type { V1RegistrationList } from "../../../api/v1-topology-schema.ts";
import { messageOf } from "../../../base/error.ts";
import { decodeJodisRecord, jodisFolder } from "../../../model/jodis-record.ts";
import type { LeaderControl } from "../../control.ts";
import { viewVersion } from "./view.ts";

/** More are left out; readers of registrations use no more either. */
const REGISTRATIONS_MAX = 1000;

/**
 * Reads them now, also where Codis 2 has them. Proxies with another coordinator for registrations (`jodis_addr`)
 * aren't seen. Rejects with the coordinator's codes.
 */
export async function viewRegistrations(leader: LeaderControl): Promise<V1RegistrationList> {
  const { product, proxies } = leader.topology();
  const items: V1RegistrationList["items"] = [];
  const faults: string[] = [];
  for (const isCompatible of [false, true]) {
    const nodes = await leader.storage.readChildren(jodisFolder(product, isCompatible));
    for (const { path, data } of nodes.slice(0, REGISTRATIONS_MAX - items.length)) {
      try {
        const { addr, admin, start, token, state } = decodeJodisRecord(data, path);
        items.push({
          path,
          token,
          proxy_addr: addr,
          admin_addr: admin === "" ? null : admin,
          start_time: start,
          state,
          stored: proxies.has(token),
        });
      } catch (thrown) {
        faults.push(messageOf(thrown));
      }
    }
  }
  return { ...viewVersion(leader), items, faults };
}
