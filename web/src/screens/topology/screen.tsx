/**
 * Placeholder of a screen that isn't built yet; its owner replaces this file.
 */
import type { Children } from "../../ui/props.ts";
import { Page } from "../../ui/page.tsx";

/** Nothing but a heading. */
export default function PlaceholderScreen(props: { product: string; id?: string }): Children {
  return <Page title={props.product} />;
}
