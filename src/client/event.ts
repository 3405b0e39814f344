/**
 * What a discovery tells the application while it runs, for logs and metrics. Nothing has to be done about
 * any of it.
 */

/** A change of state. `addr` is the address of a proxy for clients. */
export type DiscoveryEvent =
  /** A proxy has registered, or its registration is gone. */
  | { readonly kind: "registered" | "unregistered"; readonly addr: string }
  /** Calls can be made through the proxy. */
  | { readonly kind: "connected"; readonly addr: string }
  /** The connection ended, or a first try to connect failed; it is tried again until it works. */
  | { readonly kind: "lost" | "unreachable"; readonly addr: string; readonly reason: string }
  /** The coordinator doesn't answer, or a registration can't be read; what was known stays in use. */
  | { readonly kind: "trouble"; readonly message: string }
  /** The registrations can be read again. */
  | { readonly kind: "recovered" };

/** Gets every event; must not throw. */
export type DiscoveryListener = (event: DiscoveryEvent) => void;
