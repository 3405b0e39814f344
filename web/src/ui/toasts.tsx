/**
 * Where toasts are drawn, and the live region of the page. The shell has it once.
 */
import { t } from "../i18n/text.ts";
import type { Children } from "./props.ts";
import { announcement, closeToast, toasts } from "./toast.ts";

/** All toasts; the region that is read out is apart, so that closing one isn't read. */
export function Toasts(): Children {
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite" id="announcements">
        {announcement.value}
      </div>
      <section class="toasts" aria-label={t("ui.messages")}>
        {toasts.value.map((each) => (
          <div class="toast" key={each.id}>
            <span>{each.text}</span>
            <button type="button" class="icon-button" onClick={() => closeToast(each.id)}>
              <span aria-hidden="true">×</span>
              <span class="visually-hidden">{t("ui.close")}</span>
            </button>
          </div>
        ))}
      </section>
    </>
  );
}
