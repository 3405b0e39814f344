/**
 * The flags that name a coordinator and a product: `--zookeeper=ADDR`, `--etcd=ADDR` or `--filesystem=FOLDER`
 * with their logins, and `--product=NAME`.
 */
import { existsSync } from "node:fs";
import { CodisError } from "../../base/error.ts";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import { type CoordinatorKind, openCoordinator } from "../../coordinator/open.ts";
import { isProductName, PRODUCT_NAME_RULE } from "../../model/product.ts";
import { type AdminArgs, note } from "./order.ts";

/** The flags that name one. */
export const COORDINATOR_FLAGS = [
  "zookeeper",
  "etcd",
  "filesystem",
] as const satisfies readonly CoordinatorKind[];

/** Bound for one operation, connecting included. */
const OPERATION_TIMEOUT_MS = 5_000;

/** Runs something with the coordinator that the flags name, and closes it. Throws USAGE. */
export async function withCoordinator<T>(
  args: AdminArgs,
  run: (coordinator: Coordinator) => Promise<T>,
): Promise<T> {
  const coordinator = await open(args);
  try {
    return await run(coordinator);
  } finally {
    await coordinator.close();
  }
}

/** The product of `--product`. Throws USAGE. */
export function productOf(args: AdminArgs): string {
  const product = args.text("product");
  if (!isProductName(product)) {
    throw new CodisError("USAGE", `invalid --product=${product}: expected ${PRODUCT_NAME_RULE}`);
  }
  return product;
}

function open(args: AdminArgs): Promise<Coordinator> {
  const kind = COORDINATOR_FLAGS.find((name) => args.has(name));
  if (kind === undefined) {
    throw new CodisError("INTERNAL", "an order for a coordinator was chosen without one");
  }
  const addr = args.text(kind);
  for (const other of ["zookeeper", "etcd"]) {
    if (other !== kind && args.has(`${other}-auth`)) {
      throw new CodisError("USAGE", `--${other}-auth has no meaning with --${kind}`);
    }
  }
  // Opening makes the folder; a slip in its name would look like an empty coordinator.
  if (kind === "filesystem" && !args.has("config-restore") && !existsSync(addr)) {
    throw new CodisError(
      "COORDINATOR_UNREACHABLE",
      `there is no folder ${addr}; expected the coordinator_addr of the dashboard`,
    );
  }
  return openCoordinator({
    kind,
    addr,
    auth: args.find(`${kind}-auth`) ?? "",
    operationTimeoutMs: OPERATION_TIMEOUT_MS,
    ...(args.has("verbose") ? { onState: note } : {}),
  });
}
