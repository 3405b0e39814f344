/**
 * A client as one call sees it: the same object behind a JavaScript proxy that notes whether the call may have
 * sent anything. By that, and by nothing else, is decided whether a call that failed may be made again
 * elsewhere: no error text of a library is looked at.
 */

/** How far a call came with its client. */
export type CallProgress =
  /** It used no method: what failed is the application's own. */
  | "untouched"
  /** Every method was used while the connection wasn't ready: nothing was sent. */
  | "unsent"
  /** Something may have been sent, and carried out. */
  | "maybe-sent";

/** A client for one call. */
export interface TrackedClient<C> {
  readonly client: C;
  progress(): CallProgress;
}

/** Wraps a client; `isReady` tells at any moment whether a command would be sent. */
export function trackClient<C extends object>(client: C, isReady: () => boolean): TrackedClient<C> {
  let progress: CallProgress = "untouched";
  const note = (): void => {
    if (progress !== "maybe-sent") progress = isReady() ? "maybe-sent" : "unsent";
  };
  const wrapped = new Proxy(client, {
    get: (target, name) => {
      // With the client itself as `this`: libraries have private fields that a proxy can't reach.
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value === "function" && name !== "constructor") {
        return (...args: unknown[]): unknown => {
          note();
          return Reflect.apply(value, target, args);
        };
      }
      // Groups of commands (`client.json.get`) aren't followed: what they do counts as sent.
      if (typeof value === "object" && value !== null) note();
      return value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
  return { client: wrapped, progress: () => progress };
}
