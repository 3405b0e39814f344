/**
 * The weak authentication of Codis's HTTP APIs: half a SHA-256 over names that both sides know. It
 * stands in the path of each call, so it must never get into a log.
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** Message of Codis for a wrong xauth. */
export const XAUTH_INVALID = "invalid xauth, please check product name & auth";
/** Message of Codis for a missing xauth. */
export const XAUTH_MISSING = "missing xauth, please check product name & auth";

/** xauth of a proxy: 32 hex digits over product, `product_auth` and the proxy's token. */
export function proxyXauth(productName: string, productAuth: string, token: string): string {
  return digest(`Codis-XAuth-[${productName}]-[${productAuth}]-[${token}]`);
}

/** xauth of a dashboard: 32 hex digits over the product's name alone. */
export function dashboardXauth(productName: string): string {
  return digest(`Codis-XAuth-[${productName}]`);
}

/** Compares in constant time. */
export function isSameXauth(given: string, expected: string): boolean {
  const givenBytes = Buffer.from(given);
  const expectedBytes = Buffer.from(expected);
  return givenBytes.length === expectedBytes.length && timingSafeEqual(givenBytes, expectedBytes);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
