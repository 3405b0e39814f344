/**
 * The product that the address names. It is in a file of its own, because both the shell, which sets it,
 * and small elements, which show it, need it.
 */
import { signal } from "@preact/signals";

/** Empty while no product is open. */
export const openProduct = signal("");
