/**
 * `GET /api/v1/product` from what its parts know: the leader, this process, the users, and the configuration. The live
 * document and the list of products have it too.
 */
import type { V1Product } from "../../../api/v1-topology-schema.ts";
import { effectiveLegacyApi } from "../gate/access.ts";
import type { AdminContext } from "../gate/context.ts";
import type { Reign } from "../reign/reign.ts";
import { viewProduct } from "./state-view.ts";

/** The product as it is now. Rejects with the coordinator's codes while the users can't be read. */
export async function describeProduct({
  reign,
  context,
}: {
  readonly reign: Reign;
  readonly context: AdminContext;
}): Promise<V1Product> {
  const isOpen = (await reign.users()).isOpen();
  return viewProduct(reign.leader, {
    label: context.label,
    model: context.control.model(),
    isOpen,
    legacyApi: effectiveLegacyApi(context.legacyApi, isOpen),
  });
}
