/**
 * The application: which screen the address names, whether the user may see it, and the frame around it.
 */

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { LocationProvider, useLocation } from "preact-iso/router";
import { setApiProduct, setOnSignedOut } from "./data/api.ts";
import { basePath } from "./data/base-path.ts";
import { live } from "./data/live.ts";
import { openProduct } from "./data/open-product.ts";
import { roleAt, watchAccess } from "./data/product-access.ts";
import { checkSession, session } from "./data/session.ts";
import { t } from "./i18n/text.ts";
import {
  type ProductScreen,
  parseRoute,
  type RootScreen,
  type Route,
  rootHref,
  useNavigate,
} from "./route.ts";
import { LazyScreen, type LoadScreen } from "./screens/screen-loader.tsx";
import { NotFound } from "./shell/not-found.tsx";
import { Shell } from "./shell/shell.tsx";
import { StartUp } from "./shell/start-up.tsx";
import { wishFocus } from "./ui/focus-wish.ts";
import type { Children } from "./ui/props.ts";

const SCREENS: Readonly<Record<ProductScreen | RootScreen, LoadScreen>> = {
  products: () => import("./screens/products/screen.tsx"),
  "sign-in": () => import("./screens/sign-in/screen.tsx"),
  settings: () => import("./screens/settings/screen.tsx"),
  help: () => import("./screens/help/screen.tsx"),
  overview: () => import("./screens/overview/screen.tsx"),
  topology: () => import("./screens/topology/screen.tsx"),
  slots: () => import("./screens/slots/screen.tsx"),
  plans: () => import("./screens/plans/screen.tsx"),
  rebalance: () => import("./screens/plans/screen.tsx"),
  operations: () => import("./screens/operations/screen.tsx"),
  proxies: () => import("./screens/proxies/screen.tsx"),
  groups: () => import("./screens/groups/screen.tsx"),
  ha: () => import("./screens/availability/screen.tsx"),
  performance: () => import("./screens/performance/screen.tsx"),
  alerts: () => import("./screens/alerts/screen.tsx"),
  audit: () => import("./screens/audit/screen.tsx"),
  users: () => import("./screens/users/screen.tsx"),
};

/** Drawn once. */
export function App(): Children {
  return (
    <LocationProvider scope={basePath}>
      <Screens />
    </LocationProvider>
  );
}

function Screens(): Children {
  const { path, url } = useLocation();
  const navigate = useNavigate();
  const route = parseRoute(path);
  const product = "product" in route ? route.product : "";
  const known = session.value;
  const isIn = known !== undefined && known.state !== "signed-out";
  useOpenProduct(isIn ? product : "", known?.mode === "fe", `${known?.state} ${known?.user}`);
  const target = known === undefined ? undefined : redirect(route, known.state, url);
  useEffect(() => setOnSignedOut(() => void checkSession()), []);
  useEffect(() => {
    if (target !== undefined) {
      navigate(target, { isReplacing: true });
    }
  }, [target, navigate]);
  useFocusOfRoute(path);
  if (known === undefined) {
    return <StartUp />;
  }
  if (target !== undefined) {
    return null;
  }
  return (
    <Shell route={route}>
      {route.screen === "none" ? <NotFound /> : <RoutedScreen route={route} />}
    </Shell>
  );
}

function RoutedScreen(props: { readonly route: Exclude<Route, { screen: "none" }> }): Children {
  const { route } = props;
  const product = "product" in route ? route.product : "";
  const id = "id" in route ? route.id : undefined;
  setApiProduct(product);
  // What one user typed isn't for the next.
  const user = product === "" ? "" : session.value?.user;
  return (
    <LazyScreen
      key={`${product}/${route.screen}/${user}`}
      load={SCREENS[route.screen]}
      title={titleOf(route.screen)}
      product={product}
      {...(id === undefined ? {} : { id })}
    />
  );
}

/** Heading of a screen until its file is read. */
function titleOf(screen: ProductScreen | RootScreen): string {
  switch (screen) {
    case "plans":
      return t("nav.rebalance");
    case "sign-in":
      return t("signIn.title");
    case "products":
    case "settings":
    case "help":
      return t(`${screen}.title`);
    default:
      return t(`nav.${screen}`);
  }
}

/** What one may see without signing in. */
const PUBLIC: ReadonlySet<string> = new Set(["sign-in", "settings", "help"]);

/** Where to go instead, if anywhere. */
function redirect(route: Route, state: string, url: string): string | undefined {
  if (state === "signed-out" && !PUBLIC.has(route.screen)) {
    return rootHref("sign-in", { next: url === basePath ? undefined : url });
  }
  if ("product" in route && roleAt(route.product) === null) {
    return rootHref("sign-in", { product: route.product, next: url });
  }
  return undefined;
}

/** With `codis fe` each product says who one is there; asked again when `who` changes. */
function useOpenProduct(product: string, isFe: boolean, who: string): void {
  useLayoutEffect(() => {
    openProduct.value = product;
    if (product !== "") {
      live.open(product);
      return () => live.close();
    }
    return undefined;
  }, [product]);
  useLayoutEffect(
    () => (product !== "" && isFe ? watchAccess(product) : undefined),
    [product, isFe, who],
  );
}

/** A new screen takes the focus; the first one doesn't. */
function useFocusOfRoute(path: string): void {
  const last = useRef(path);
  if (last.current !== path) {
    // A dashboard has one product, and its list leads there: that is still the first screen.
    const isEntry = last.current === basePath && session.peek()?.mode === "dashboard";
    last.current = path;
    if (!isEntry) {
      wishFocus();
    }
  }
}
