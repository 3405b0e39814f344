/**
 * What an address that names nothing shows.
 */
import { t } from "../i18n/text.ts";
import { rootHref } from "../route.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { Page } from "../ui/page.tsx";
import type { Children } from "../ui/props.ts";

/** See the head of the file. */
export function NotFound(): Children {
  return (
    <Page title={t("shell.noScreen")}>
      <EmptyState title={t("shell.noScreenHint")}>
        <a class="button" href={rootHref("products")}>
          {t("shell.products")}
        </a>
      </EmptyState>
    </Page>
  );
}
