/**
 * The keys of the console as a list, for the dialog of `?` and for the help page.
 */
import { hasShortcuts } from "../data/preferences.ts";
import { t } from "../i18n/text.ts";
import { Dialog } from "../ui/dialog.tsx";
import type { Children } from "../ui/props.ts";
import { NAVIGATION_ITEMS } from "./navigation.ts";
import { isKeysOpen } from "./palette-state.ts";

/** See the head of the file. */
export function KeyList(): Children {
  const lines: readonly (readonly [readonly string[], string])[] = [
    [["Ctrl K", "⌘ K"], t("keys.palette")],
    [["?"], t("keys.help")],
    [["/"], t("keys.filter")],
    [["j", "k"], t("keys.rows")],
    [["Enter"], t("keys.openRow")],
    [["Esc"], t("keys.close")],
    ...NAVIGATION_ITEMS.map(
      (item) => [[`g ${item.key}`], t("keys.go", { page: t(item.title) })] as const,
    ),
  ];
  return (
    <>
      {!hasShortcuts.value && <p class="muted">{t("keys.off")}</p>}
      <dl class="keys">
        {lines.map(([keys, effect]) => (
          <div key={keys.join()}>
            <dt>
              {keys.map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{effect}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** The dialog of `?`. */
export function KeyDialog(): Children {
  const close = (): void => {
    isKeysOpen.value = false;
  };
  return (
    <Dialog title={t("keys.title")} isOpen={isKeysOpen.value} onClose={close}>
      <KeyList />
    </Dialog>
  );
}
