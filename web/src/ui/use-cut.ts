/**
 * Whether a box shows only a part of what is in it, so that it has to be scrolled sideways. Looked at again whenever
 * the box or its content changes its size.
 */
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** See the head of the file; false where the browser can't tell. */
export function useCut(box: RefObject<HTMLElement | null>): boolean {
  const [isCut, setCut] = useState(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) {
      return;
    }
    const look = (): void => setCut(element.scrollWidth > element.clientWidth + 1);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    for (const child of element.children) {
      observer.observe(child);
    }
    look();
    return () => observer.disconnect();
  }, [box]);
  return isCut;
}
