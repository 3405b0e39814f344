/**
 * Short messages that go away by themselves, and the one place where screen readers are told of changes. Only a
 * failure has a region of its own (`role="alert"`), which is read at once and once.
 *
 * Invariant: at most one announcement a second; what comes faster is left out but for the last.
 */
import { signal } from "@preact/signals";

/** One message on the screen. */
export interface Toast {
  readonly id: number;
  readonly text: string;
}

/** Messages that are shown, the oldest first. */
export const toasts = signal<readonly Toast[]>([]);
/** What the live region says. */
export const announcement = signal("");

const TOASTS_MAX = 4;
const TOAST_MS = 6000;
const ANNOUNCE_EVERY_MS = 1000;

const state = { lastId: 0, saidAt: Number.NEGATIVE_INFINITY, next: "", isWaiting: false };

/** Shows a message and announces it. */
export function toast(text: string): void {
  state.lastId += 1;
  const id = state.lastId;
  toasts.value = [...toasts.value.slice(1 - TOASTS_MAX), { id, text }];
  setTimeout(() => closeToast(id), TOAST_MS);
  announce(text);
}

/** Takes a message away. */
export function closeToast(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

/** Tells screen readers something without showing it. */
export function announce(text: string): void {
  state.next = text;
  if (state.isWaiting) {
    return;
  }
  const waitMs = Math.max(0, state.saidAt + ANNOUNCE_EVERY_MS - performance.now());
  state.isWaiting = true;
  setTimeout(() => {
    state.isWaiting = false;
    state.saidAt = performance.now();
    // The same words again would not be read without a difference.
    announcement.value = state.next === announcement.peek() ? `${state.next}\u00a0` : state.next;
  }, waitMs);
}
