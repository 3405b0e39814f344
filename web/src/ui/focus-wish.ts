/**
 * After a change of the address the next screen that is drawn takes the focus to its heading, so that it is
 * never lost and screen readers hear where they are. At the first load the browser has the focus.
 */

const state = { isWished: false };

/** The address changed. */
export function wishFocus(): void {
  state.isWished = true;
}

/** True once after each wish. */
export function takeFocusWish(): boolean {
  const isWished = state.isWished;
  state.isWished = false;
  return isWished;
}
