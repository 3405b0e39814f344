/**
 * The bar at the top: where one is, how fresh the data is, the palette, and who one is.
 */
import { useAct } from "../data/act.ts";
import { session, signOut } from "../data/session.ts";
import { t, textOf } from "../i18n/text.ts";
import { rootHref } from "../route.ts";
import { Button } from "../ui/button.tsx";
import type { Children } from "../ui/props.ts";
import { LiveBadge } from "./live-banner.tsx";
import { openPalette } from "./palette-state.ts";

/** See the head of the file. */
export function Header(props: {
  readonly product: string;
  readonly label: string;
  readonly isSignedIn: boolean;
  readonly isMenuOpen: boolean;
  readonly onMenu: () => void;
}): Children {
  const { product, label } = props;
  return (
    <header class="header">
      <SkipLink />
      {product !== "" && (
        <button
          type="button"
          class="button button-quiet menu-button"
          aria-expanded={props.isMenuOpen}
          aria-controls="navigation"
          onClick={props.onMenu}
        >
          <span aria-hidden="true">☰</span>
          <span class="visually-hidden">{t("shell.menu")}</span>
        </button>
      )}
      <a class="brand" href={rootHref("products")}>
        Codis
      </a>
      {product !== "" && (
        <Button
          variant="quiet"
          onPress={() => {
            openPalette.value = "products";
          }}
        >
          <span class="visually-hidden">{t("shell.chooseProduct")}: </span>
          <span class="header-product">{product}</span>
          <span aria-hidden="true"> ▾</span>
        </Button>
      )}
      {label !== "" && <span class="environment">{textOf("label", label)}</span>}
      {product !== "" && <LiveBadge />}
      <Tools isSignedIn={props.isSignedIn} />
    </header>
  );
}

function Tools(props: { readonly isSignedIn: boolean }): Children {
  return (
    <nav class="tools" aria-label={t("shell.tools")}>
      {props.isSignedIn && (
        <Button
          variant="quiet"
          onPress={() => {
            openPalette.value = "all";
          }}
        >
          <span class="tool-text">{t("palette.open")}</span> <kbd>Ctrl K</kbd>
          <span class="tool-short" aria-hidden="true">
            {t("palette.short")}
          </span>
        </Button>
      )}
      <a href={rootHref("help")}>{t("shell.help")}</a>
      <a href={rootHref("settings")}>{t("shell.settings")}</a>
      {props.isSignedIn && <User />}
    </nav>
  );
}

function User(): Children {
  const leave = useAct(signOut);
  const known = session.value;
  if (known?.state !== "signed-in" || known.role === null) {
    return <OpenNotice setupLink={known?.setup_link ?? ""} />;
  }
  return (
    <>
      <span class="muted user-name">
        {t("shell.signedInAs", { user: known.user ?? "", role: t(`role.${known.role}`) })}
      </span>
      <Button variant="quiet" isPending={leave.isPending} onPress={() => void leave.run()}>
        {t("shell.signOut")}
      </Button>
    </>
  );
}

/**
 * Nobody has made a user yet. The server gives its link to callers on its own machine, for whom it is open by itself;
 * callers from elsewhere get in by `api_open` only.
 */
function OpenNotice(props: { readonly setupLink: string }): Children {
  const secret = /[?&]setup=([^&#]+)/.exec(props.setupLink)?.[1];
  return (
    <>
      <span class="muted user-name">
        {secret === undefined ? t("shell.openToAll") : t("shell.openHere")}
      </span>
      {secret !== undefined && (
        <a href={rootHref("sign-in", { setup: decodeURIComponent(secret) })}>
          {t("shell.firstUser")}
        </a>
      )}
    </>
  );
}

/** The address can't have `#main`: it would be relative to the base path. */
function SkipLink(): Children {
  return (
    <a
      class="skip-link"
      href={`${location.pathname}${location.search}`}
      onClick={(event) => {
        event.preventDefault();
        event.stopPropagation();
        document.getElementById("main")?.focus();
      }}
    >
      {t("shell.skip")}
    </a>
  );
}
