/**
 * What `codis admin` can do with a coordinator directly, without a dashboard.
 */
import type { AdminOrder } from "./order.ts";

/** In the order of the help text. */
export const COORDINATOR_ORDERS: readonly AdminOrder[] = [];
