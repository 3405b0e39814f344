/**
 * Addresses of the screens. All are below the base path; what a screen shows (filter, range, tab) is in the
 * query string, so that every view has a link and Back works.
 */
import { useLocation } from "preact-iso/router";
import { basePath } from "./data/base-path.ts";

/** Screens of one product, by the name that is in their address; the overview has none. */
export const PRODUCT_SCREENS = [
  "overview",
  "topology",
  "slots",
  "plans",
  "rebalance",
  "operations",
  "proxies",
  "groups",
  "ha",
  "performance",
  "alerts",
  "audit",
  "users",
] as const;
/** One of `PRODUCT_SCREENS`. */
export type ProductScreen = (typeof PRODUCT_SCREENS)[number];

/** Screens that belong to no product, by the name in their address; the list of products has none. */
export const ROOT_SCREENS = ["products", "sign-in", "settings", "help"] as const;
/** One of `ROOT_SCREENS`. */
export type RootScreen = (typeof ROOT_SCREENS)[number];

/** What an address names. */
export type Route =
  | { readonly screen: RootScreen }
  | { readonly screen: ProductScreen; readonly product: string; readonly id?: string }
  | { readonly screen: "none" };

/** What the shell gives to every screen. */
export interface ScreenProps {
  readonly product: string;
  readonly id?: string;
}

/** Values of a query string; what is undefined or empty is left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Address of a screen of the console itself. */
export function rootHref(screen: RootScreen, query?: Query): string {
  return `${basePath}${screen === "products" ? "" : screen}${queryText(query)}`;
}

/** Address of a screen of a product, of one thing on it when `id` is given. */
export function href(product: string, screen: ProductScreen, id?: string, query?: Query): string {
  const parts = [product];
  if (screen !== "overview") {
    parts.push(screen);
  }
  if (id !== undefined && id !== "") {
    parts.push(id);
  }
  return `${basePath}${parts.map(encodeURIComponent).join("/")}${queryText(query)}`;
}

/** What a path names; `none` when there is no such screen. Never fails. */
export function parseRoute(path: string, base: string = basePath): Route {
  const none = { screen: "none" } as const;
  if (!`${path}/`.startsWith(base)) {
    return none;
  }
  const parts = decodeParts(path.slice(base.length));
  if (parts === undefined || parts.length > 3) {
    return none;
  }
  const [first, name, id] = parts;
  if (first === undefined) {
    return { screen: "products" };
  }
  const root = ROOT_SCREENS.find((each) => each === first);
  if (root !== undefined) {
    return parts.length === 1 && root !== "products" ? { screen: root } : none;
  }
  const screen = PRODUCT_SCREENS.find((each) => each === (name ?? "overview"));
  if (screen === undefined || (name === "overview" && id === undefined)) {
    return none;
  }
  return { screen, product: first, ...(id === undefined ? {} : { id }) };
}

/** A value of the query string and how to change it; the change replaces the entry of the history. */
export function useQuery(name: string): readonly [string, (value: string | undefined) => void] {
  const { query, route } = useLocation();
  const change = (value: string | undefined): void => {
    const next = new URLSearchParams(location.search);
    if (value === undefined || value === "") {
      next.delete(name);
    } else {
      next.set(name, value);
    }
    const text = next.toString();
    route(`${location.pathname}${text === "" ? "" : `?${text}`}`, true);
  };
  return [query[name] ?? "", change];
}

/** Goes to an address that `href` or `rootHref` made. */
export function useNavigate(): (to: string, options?: { readonly isReplacing?: boolean }) => void {
  const { route } = useLocation();
  return (to, options) => route(to, options?.isReplacing === true);
}

function queryText(query: Query | undefined): string {
  const kept = Object.entries(query ?? {}).filter(
    ([, value]) => value !== undefined && value !== "",
  );
  const text = new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString();
  return text === "" ? "" : `?${text}`;
}

function decodeParts(path: string): readonly string[] | undefined {
  try {
    return path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined; // A lone `%`: no address of ours.
  }
}
