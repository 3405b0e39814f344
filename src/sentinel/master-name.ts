/**
 * The name under which sentinels know the master of a group: `{product}-{group id}`, as Codis. One set of
 * sentinels may watch many products, and a product's name may end like a group's number, so a name is a group's
 * only when it is spelled exactly as it would be built.
 */
import { GROUP_ID_MAX, GROUP_ID_MIN } from "../model/group.ts";

/** The name of a group's master. */
export function masterName(product: string, groupId: number): string {
  return `${product}-${groupId}`;
}

/** The group that a name stands for in this product; undefined for the names of others. */
export function groupIdOf(product: string, name: string): number | undefined {
  if (!name.startsWith(`${product}-`)) {
    return undefined;
  }
  const digits = name.slice(product.length + 1);
  const id = Number(digits);
  const isId = /^[1-9]\d{0,3}$/.test(digits) && id >= GROUP_ID_MIN && id <= GROUP_ID_MAX;
  return isId ? id : undefined;
}
