/**
 * A modal dialog on the browser's own `<dialog>`: focus stays inside, Esc closes it, and focus goes back
 * to what opened it.
 */
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/text.ts";
import { firstFocus } from "./first-focus.ts";
import type { Children } from "./props.ts";

/** See the head of the file. */
export interface DialogProps {
  readonly title: Children;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Buttons at the end; the last one is the main one. */
  readonly actions?: Children;
  readonly children?: Children;
  readonly isWide?: boolean | undefined;
  /** A form: Enter in a field does this. */
  readonly onSubmit?: (() => void) | undefined;
}

/** Nothing is drawn while it is closed. */
export function Dialog(props: DialogProps): Children {
  return props.isOpen ? <OpenDialog {...props} /> : null;
}

function OpenDialog(props: DialogProps): Children {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useOpener(ref);
  const parts = (
    <>
      <header class="dialog-head">
        <h2 id={titleId} tabIndex={-1}>
          {props.title}
        </h2>
        <button type="button" class="icon-button" onClick={props.onClose}>
          <span aria-hidden="true">×</span>
          <span class="visually-hidden">{t("ui.close")}</span>
        </button>
      </header>
      <div class="dialog-body">{props.children}</div>
      {props.actions !== undefined && <footer class="dialog-foot">{props.actions}</footer>}
    </>
  );
  return (
    <dialog
      ref={ref}
      class={props.isWide === true ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      {props.onSubmit === undefined ? (
        <div>{parts}</div>
      ) : (
        <form
          method="dialog"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            props.onSubmit?.();
          }}
        >
          {parts}
        </form>
      )}
    </dialog>
  );
}

function focusHeading(): void {
  document.querySelector<HTMLElement>("main h1")?.focus();
}

/** Opens the dialog while the component is there, and gives the focus back at the end. */
function useOpener(ref: { readonly current: HTMLDialogElement | null }): void {
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) {
        opener.focus();
      } else {
        focusHeading();
        // What the dialog was about may be gone, and the screen with it: another heading comes then.
        requestAnimationFrame(() => document.activeElement === document.body && focusHeading());
      }
    };
  }, [ref]);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog !== null) {
      firstFocus(dialog)?.focus();
    }
  }, [ref]);
}
