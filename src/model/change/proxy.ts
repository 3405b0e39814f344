/**
 * Changes of the list of proxies: each takes a topology and gives the next one, or throws a `CodisError`
 * with Codis's own text and changes nothing. Talking to the proxies is the caller's part,
 * `dashboard/fleet`.
 */
import { CodisError } from "../../base/error.ts";
import { coordinatorPath } from "../coordinator-path.ts";
import { knowsMethod, METHOD_NAMES } from "../move-method.ts";
import { isProxyToken, type ProxyModel } from "../proxy-model.ts";
import { PROXIES_MAX, type ProxyRecord } from "../proxy-record.ts";
import { FORWARD_METHOD, type ForwardMethod } from "../slot.ts";
import type { SlotMapping } from "../slot-mapping.ts";
import { getProxy, refuseFault } from "../topology/guard.ts";
import { compareProxies } from "../topology/node.ts";
import type { Topology } from "../topology/topology.ts";

/** In the other states proxies are told, or may be at any moment, how keys move. */
const AT_REST: ReadonlySet<string> = new Set(["", "pending", "finished"]);

/** How keys of moving slots are reached. */
type MethodOf = (slot: SlotMapping) => ForwardMethod;

/** Registers a proxy; it gets the next free number. `methodOf` is asked about slots that move. */
export function addProxy(
  topology: Topology,
  model: ProxyModel,
  methodOf: MethodOf = () => FORWARD_METHOD.migrate,
): Topology {
  const { token } = model;
  checkModel(topology, model);
  if (topology.proxies.has(token)) {
    throw new CodisError("ALREADY_EXISTS", `proxy-[${token}] already exists`);
  }
  refuseFault(topology, coordinatorPath.proxy(topology.product, token), `proxy-[${token}]`);
  if (topology.proxies.size >= PROXIES_MAX) {
    throw new CodisError(
      "STATE_CONFLICT",
      `a product can have ${PROXIES_MAX} proxies, remove some`,
    );
  }
  refuseBystander(topology, model, methodOf);
  const ids = [...topology.proxies.values()].map((proxy) => proxy.id);
  return withProxy(topology, { ...model, id: Math.max(0, ...ids) + 1 });
}

/** Stores what a known proxy says of itself now; it keeps its number. */
export function updateProxy(topology: Topology, model: ProxyModel): Topology {
  checkModel(topology, model);
  const { id, extra } = getProxy(topology, model.token);
  return withProxy(topology, { ...model, id, ...(extra === undefined ? {} : { extra }) });
}

/** Forgets a proxy. */
export function removeProxy(topology: Topology, token: string): Topology {
  getProxy(topology, token);
  const proxies = new Map(topology.proxies);
  proxies.delete(token);
  return { ...topology, proxies };
}

/** One that doesn't know how keys of moving slots are reached would serve such slots from the wrong server. */
function refuseBystander(topology: Topology, model: ProxyModel, methodOf: MethodOf): void {
  const moving = topology.slots.find(
    (slot) => !AT_REST.has(slot.action.state) && !knowsMethod(model, methodOf(slot)),
  );
  if (moving !== undefined) {
    const method = methodOf(moving);
    const how =
      method === FORWARD_METHOD.migrate
        ? "can't move keys with MIGRATE"
        : `doesn't know forward_method ${method} (${METHOD_NAMES[method]})`;
    throw new CodisError(
      "STATE_CONFLICT",
      `proxy-[${model.token}] ${how}, and slot-[${moving.id}] moves so now; ` +
        "register it when no slot moves",
    );
  }
}

function checkModel(topology: Topology, model: ProxyModel): void {
  if (!isProxyToken(model.token)) {
    throw new CodisError(
      "ARGUMENT_INVALID",
      "invalid proxy token, expected 1 to 128 letters, digits, _ and -",
    );
  }
  if (model.productName !== topology.product) {
    throw new CodisError(
      "STATE_CONFLICT",
      `proxy-[${model.token}] belongs to product ${JSON.stringify(model.productName)}, ` +
        `expected ${JSON.stringify(topology.product)}`,
    );
  }
}

function withProxy(topology: Topology, proxy: ProxyRecord): Topology {
  const proxies = [...new Map(topology.proxies).set(proxy.token, proxy).values()];
  proxies.sort(compareProxies);
  return { ...topology, proxies: new Map(proxies.map((one) => [one.token, one])) };
}
