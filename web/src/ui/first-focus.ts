/**
 * Where the focus goes when a dialog opens: to its first field. Of one that takes something away and asks for nothing
 * in writing, to the button that goes back, so that neither Enter nor Space does harm.
 */

const FIELD = "select, textarea, input:not([type=checkbox], [type=radio])";
const CHOICE = "input[type=checkbox], input[type=radio]";

/** See the file head; the heading when there is nothing to use. `dialog` is drawn already. */
export function firstFocus(dialog: ParentNode): HTMLElement | null {
  const isDanger = dialog.querySelector(".dialog-foot .button-danger") !== null;
  const back = ".dialog-foot button";
  const inBody = (what: string): string => `.dialog-body :is(${what}):not([disabled])`;
  const order = [
    "[data-autofocus]",
    inBody(FIELD),
    ...(isDanger ? [back] : [inBody(CHOICE), inBody(":not(.copy-line) > :is(button, a[href])")]),
    back,
    "h2",
  ];
  for (const selector of order) {
    const found = dialog.querySelector<HTMLElement>(selector);
    if (found !== null) {
      return found;
    }
  }
  return null;
}
