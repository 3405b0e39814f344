/**
 * What the list of products shows, and in which order: how a product is drawn, whether it needs somebody,
 * and which of them fit the filter.
 */
import type { ProductSummary } from "../../data/products.ts";
import type { Tone } from "../../ui/badge.tsx";

/** How the state is drawn. */
export function toneOf(product: ProductSummary): Tone {
  if (product.state !== "reachable") {
    return product.state === "signed-out" ? "idle" : "bad";
  }
  const tones = { ok: "ok", degraded: "warn", critical: "bad" } as const;
  return product.health === null ? "idle" : tones[product.health];
}

/** Whether somebody should look at it. */
export function needsAttention(product: ProductSummary): boolean {
  return product.state === "unreachable" || (product.health ?? "ok") !== "ok";
}

/** Favourites first, then by name; only those that fit. */
export function arrangeProducts(
  products: readonly ProductSummary[],
  filter: string,
  isOnlyBad: boolean,
  favourites: ReadonlySet<string>,
): readonly ProductSummary[] {
  const wanted = filter.trim().toLowerCase();
  const fitting = products.filter(
    (each) =>
      `${each.name} ${each.label}`.toLowerCase().includes(wanted) &&
      (!isOnlyBad || needsAttention(each)),
  );
  const rank = (each: ProductSummary): number => (favourites.has(each.name) ? 0 : 1);
  return [...fitting].sort(
    (left, right) => rank(left) - rank(right) || left.name.localeCompare(right.name),
  );
}
