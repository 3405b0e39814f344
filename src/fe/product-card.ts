/**
 * The list of products at fe, with what each dashboard says of its own to this visitor. A product that doesn't
 * answer is in it too, with the reason, and was never waited for longer than a few seconds.
 */
import type { ProductLabel, V1ProductCard, V1ProductCardList } from "../api/v1-console-schema.ts";
import { isCodisError } from "../base/error.ts";
import { askDashboard } from "./dashboard-call.ts";
import { inTurns } from "./in-turns.ts";
import { describeTrouble, type KnownProduct, type ProductBook } from "./product-book.ts";
import type { Visitor } from "./visitor.ts";

/** Longest wait for one dashboard. */
const CARD_MS = 3_000;

/** Every product, also those that don't answer. `labels` remembers what each was last called. */
export async function listCards(
  book: ProductBook,
  visitor: Visitor,
  labels: Map<string, ProductLabel>,
): Promise<V1ProductCardList> {
  const items = await inTurns(book.list(), async (product) => {
    const card = await findCard(product, visitor, labels.get(product.name) ?? "");
    labels.set(product.name, card.label);
    return card;
  });
  for (const name of labels.keys()) {
    if (!items.some((item) => item.name === name)) {
      labels.delete(name);
    }
  }
  return { items: [...items] };
}

async function findCard(
  product: KnownProduct,
  visitor: Visitor,
  label: ProductLabel,
): Promise<V1ProductCard> {
  const { name, dashboard, trouble, sinceMs } = product;
  const since = new Date(sinceMs).toISOString();
  const blank = { name, label, since, health: null, summary: null };
  if (trouble !== undefined) {
    return { ...blank, state: "unreachable", detail: trouble };
  }
  try {
    const { value } = await askDashboard<V1ProductCardList>({
      addr: dashboard,
      product: name,
      name: "listProducts",
      headers: visitor.headersFor(name),
      timeoutMs: CARD_MS,
    });
    const [card] = value.items;
    return card === undefined
      ? { ...blank, state: "unreachable", detail: "its dashboard answers an empty list" }
      : { ...card, name, since };
  } catch (thrown) {
    if (isCodisError(thrown, "UNAUTHENTICATED", "SETUP_NEEDED", "FORBIDDEN")) {
      return { ...blank, state: "signed-out", detail: null };
    }
    return { ...blank, state: "unreachable", detail: describeTrouble(thrown) };
  }
}
