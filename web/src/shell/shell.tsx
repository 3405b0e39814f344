/**
 * The frame around every screen: skip link, header, navigation, banner of stale data, the screen itself,
 * dialogs of the shell and messages.
 */
import { useState } from "preact/hooks";
import { live } from "../data/live.ts";
import { session, sessionEnd } from "../data/session.ts";
import type { Route } from "../route.ts";
import type { Children } from "../ui/props.ts";
import { Toasts } from "../ui/toasts.tsx";
import { CriticalAlert } from "./critical-alert.tsx";
import { Header } from "./header.tsx";
import { KeyDialog } from "./key-list.tsx";
import { useKeys } from "./keys.ts";
import { StaleBanner } from "./live-banner.tsx";
import { Navigation } from "./navigation-bar.tsx";
import { Palette } from "./palette.tsx";
import { SessionEndLoader } from "./session-end-loader.tsx";

/** See the head of the file. */
export function Shell(props: { readonly route: Route; readonly children: Children }): Children {
  const { route } = props;
  const product = "product" in route ? route.product : "";
  const [isMenuOpen, setMenuOpen] = useState(false);
  const isIn = session.value !== undefined && session.value.state !== "signed-out";
  const label = live.value<{ readonly label?: string }>("product").value?.label ?? "";
  useKeys(product);
  return (
    <div class="shell" data-environment={product === "" ? "" : label}>
      <Header
        product={product}
        label={product === "" ? "" : label}
        isSignedIn={isIn}
        isMenuOpen={isMenuOpen}
        onMenu={() => setMenuOpen(!isMenuOpen)}
      />
      {product !== "" && isIn && (
        <Navigation route={route} isOpen={isMenuOpen} onClose={() => setMenuOpen(false)} />
      )}
      <main id="main" tabIndex={-1}>
        {product !== "" && <StaleBanner />}
        {props.children}
      </main>
      {isIn && <Palette />}
      <KeyDialog />
      {sessionEnd.value !== undefined && <SessionEndLoader />}
      <Toasts />
      {product !== "" && isIn && <CriticalAlert key={product} product={product} />}
    </div>
  );
}
