/**
 * Which of the shell's dialogs is open, for the keys, the header and the dialogs themselves.
 */
import { signal } from "@preact/signals";

/** `products`: the palette with products only. */
export const openPalette = signal<"closed" | "all" | "products">("closed");
/** The list of keys. */
export const isKeysOpen = signal(false);
