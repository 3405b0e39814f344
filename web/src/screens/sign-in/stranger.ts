/**
 * At `codis fe` each product has users of its own: a user that one knows may be a stranger to another.
 */
import { ApiProblem } from "../../data/api.ts";
import { askRole } from "../../data/product-access.ts";
import { loadSession } from "../../data/session.ts";
import { t } from "../../i18n/text.ts";

const UNAUTHENTICATED = 401;

/** To be called after a sign-in. Throws `ApiProblem` when the product knows nobody of this browser. */
export async function refuseStranger(product: string): Promise<void> {
  const role = await askRole(product);
  // What was signed in to before is signed in to still.
  await loadSession();
  if (role === null) {
    throw new ApiProblem(UNAUTHENTICATED, "UNAUTHENTICATED", t("signIn.stranger", { product }));
  }
}
