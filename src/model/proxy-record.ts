/**
 * A proxy as the dashboard stores it: its model and the number that the dashboard gave it.
 */
import type { ProxyModel } from "./proxy-model.ts";

/** A registered proxy. */
export interface ProxyRecord extends ProxyModel {
  /** 1 or more, unique in the product. */
  readonly id: number;
}
