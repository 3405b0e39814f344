/**
 * Keys of the whole console. Ctrl or Cmd with K always opens the palette; single keys work while they are
 * switched on and nobody types.
 */
import { useEffect } from "preact/hooks";
import { hasShortcuts } from "../data/preferences.ts";
import { href, useNavigate } from "../route.ts";
import { NAVIGATION_ITEMS } from "./navigation.ts";
import { isKeysOpen, openPalette } from "./palette-state.ts";

/** After `g` the next key has to come within this time. */
const SEQUENCE_MS = 1500;

/** Listens while the shell is there. */
export function useKeys(product: string): void {
  const navigate = useNavigate();
  useEffect(() => {
    let gAt = Number.NEGATIVE_INFINITY;
    const press = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        isKeysOpen.value = false;
        openPalette.value = openPalette.peek() === "closed" ? "all" : "closed";
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event)) {
        return;
      }
      const isAfterG = performance.now() - gAt < SEQUENCE_MS;
      gAt = Number.NEGATIVE_INFINITY;
      const item = isAfterG ? NAVIGATION_ITEMS.find((each) => each.key === event.key) : undefined;
      if (item !== undefined && product !== "") {
        event.preventDefault();
        navigate(href(product, item.screen));
      } else if (event.key === "g") {
        gAt = performance.now();
      } else if (event.key === "?") {
        event.preventDefault();
        isKeysOpen.value = true;
      } else if (event.key === "/") {
        focusFilter(event);
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [product, navigate]);
}

/** Someone types, a dialog is open, or single keys are switched off. */
function isBusy(event: KeyboardEvent): boolean {
  const isTyping =
    event.target instanceof Element &&
    event.target.closest("input, select, textarea, [contenteditable], dialog") !== null;
  return isTyping || !hasShortcuts.peek();
}

function focusFilter(event: KeyboardEvent): void {
  const filter = document.querySelector<HTMLElement>("main [data-filter]");
  if (filter !== null) {
    event.preventDefault();
    filter.focus();
  }
}
