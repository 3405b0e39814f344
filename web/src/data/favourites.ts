/**
 * Products that the user marked, kept in the browser; they are the first in the list.
 */
import { signal } from "@preact/signals";
import { readKept, writeKept } from "./kept.ts";

const KEY = "favourites";

/** Names of products. */
export const favourites = signal<ReadonlySet<string>>(
  new Set(readKept(KEY).split("\n").filter(Boolean)),
);

/** Marks a product, or takes the mark away. */
export function toggleFavourite(name: string): void {
  const next = new Set(favourites.peek());
  if (!next.delete(name)) {
    next.add(name);
  }
  favourites.value = next;
  writeKept(KEY, [...next].join("\n"));
}
