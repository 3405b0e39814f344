/**
 * The frame of a screen: its heading, its actions, and the title of the browser's window.
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import { openProduct } from "../data/open-product.ts";
import { CopyLine } from "./copy-line.tsx";
import { takeFocusWish } from "./focus-wish.ts";
import type { Children } from "./props.ts";

/**
 * One on each screen. `lead`: a sentence below the heading. `command`: the line of the CLI that tells the same as
 * the screen, always at its end.
 */
export function Page(props: {
  readonly title: string;
  readonly lead?: Children;
  readonly actions?: Children;
  readonly command?: string | undefined;
  readonly children?: Children;
}): Children {
  const heading = useRef<HTMLHeadingElement>(null);
  const product = openProduct.value;
  useLayoutEffect(() => {
    document.title = [props.title, product, "Codis"].filter((each) => each !== "").join(" · ");
  }, [props.title, product]);
  useLayoutEffect(() => {
    if (takeFocusWish()) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  return (
    <>
      <header class="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {props.title}
        </h1>
        {props.actions !== undefined && <div class="page-actions">{props.actions}</div>}
        {props.lead !== undefined && <div class="page-lead">{props.lead}</div>}
      </header>
      {props.children}
      {props.command !== undefined && <CopyLine text={props.command} />}
    </>
  );
}
