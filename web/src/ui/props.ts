/**
 * Parts of the properties that several elements share.
 */
import type { ComponentChildren } from "preact";

/** Anything that can be drawn. */
export type Children = ComponentChildren;
