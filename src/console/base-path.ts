/**
 * The path under which the console is served, such as `/ops/codis/` behind a reverse proxy. The proxy may keep that
 * path or take it away: both forms of a request are answered alike. Also the second name of every call of a
 * dashboard, `/api/v1/products/PRODUCT/…`.
 */

/** Where the calls of one product begin; its name follows. */
export const PRODUCT_CALLS = "/api/v1/products/";

const SEGMENT = /^[A-Za-z0-9._~-]+$/;
const BASE_PATH_CHARS_MAX = 200;

/** The path with `/` at both ends, from one with or without them; undefined when it can't be a path. */
export function parseBasePath(text: string): string | undefined {
  const segments = text.split("/").filter((segment) => segment !== "");
  const isPath = segments.every((segment) => SEGMENT.test(segment) && !/^\.+$/.test(segment));
  if (!isPath || text.length > BASE_PATH_CHARS_MAX) {
    return undefined;
  }
  return segments.length === 0 ? "/" : `/${segments.join("/")}/`;
}

/** `url` (path and query) without the base path, if it has it. */
export function stripBasePath(url: string, basePath: string): string {
  return basePath !== "/" && url.startsWith(basePath) ? url.slice(basePath.length - 1) : url;
}

/** Whether the path is the base path but for its last `/`: relative addresses would go wrong there. */
export function lacksSlash(url: string, basePath: string): boolean {
  return basePath !== "/" && pathOf(url) === basePath.slice(0, -1);
}

/** Path of a URL without its query. */
export function pathOf(url: string): string {
  return url.split("?")[0] ?? "";
}

/** What is called of which product, for a URL like `/api/v1/products/demo/groups?limit=1`. */
export function splitProductCall(
  url: string,
): { readonly product: string; readonly url: string } | undefined {
  if (!url.startsWith(PRODUCT_CALLS)) {
    return undefined;
  }
  const rest = url.slice(PRODUCT_CALLS.length);
  const slash = rest.search(/[/?]/);
  const product = slash > 0 && rest[slash] === "/" ? decodeName(rest.slice(0, slash)) : undefined;
  return product === undefined ? undefined : { product, url: `/api/v1/${rest.slice(slash + 1)}` };
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // Percent signs of somebody who tries things.
  }
}
