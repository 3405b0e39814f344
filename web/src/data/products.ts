/**
 * The products that this console serves, read when the list is shown and again every few seconds there.
 */
import { signal } from "@preact/signals";
import type { V1ProductCard, V1ProductCardList } from "../../../src/api/v1-console-schema.ts";
import { api, asProblem } from "./api.ts";
import type { ApiProblem } from "./problem.ts";

/** One line of `GET api/v1/products`. */
export type ProductSummary = V1ProductCard;

/** The last answer, in order of names. */
export const products = signal<readonly ProductSummary[]>([]);
/** Whether there was an answer at all. */
export const areProductsKnown = signal(false);
/** Why the last question failed. */
export const productsProblem = signal<ApiProblem | undefined>(undefined);

/** Asks once. Never rejects; see `productsProblem`. */
export async function loadProducts(): Promise<void> {
  try {
    products.value = (await api.getRoot<V1ProductCardList>("products")).items;
    areProductsKnown.value = true;
    productsProblem.value = undefined;
  } catch (thrown) {
    productsProblem.value = asProblem(thrown);
  }
}
