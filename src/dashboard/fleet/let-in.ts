/**
 * The last step before a process of a proxy gets all its slots: whoever watches proxies that are gone lets it in, and
 * may give it a login of its own for the servers, by which they can cut it off later.
 */
import { isCodisError } from "../../base/error.ts";
import type { ProxyModel } from "../../model/proxy-model.ts";

/** The login at the servers that a process has to have before it gets its slots. */
export interface LoginOrder {
  /** Empty: the product's password. */
  readonly user: string;
  readonly password: string;
  /** Called when the proxy has taken it, before it gets slots; a rejection fails the push. */
  taken(): Promise<void>;
  /** Called when the proxy refuses, because it has served without a user: it goes on so. */
  refused(): Promise<void>;
}

/**
 * Asked with the model as the proxy said it a moment ago; resolves when that process may serve, with the login that it
 * has to be told first. A rejection fails the push, which is tried again.
 */
export type LetIn = (token: string, model: ProxyModel) => Promise<LoginOrder | undefined>;

/** Carries out an order; `send` tells the proxy, and rejects with what the proxy answers as the cause. */
export async function giveLogin(
  order: LoginOrder,
  send: (user: string, password: string) => Promise<void>,
): Promise<void> {
  try {
    await send(order.user, order.password);
  } catch (thrown) {
    if (!isCodisError(thrown) || !isCodisError(thrown.cause, "STATE_CONFLICT")) {
      throw thrown;
    }
    await order.refused();
    return;
  }
  await order.taken();
}
