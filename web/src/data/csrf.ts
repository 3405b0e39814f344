/**
 * The token that shows the server that a change comes from this page and not from a stranger's. It is in a
 * file of its own because both the session and the calls need it.
 */
import { signal } from "@preact/signals";

/** Empty while nobody is signed in. */
export const csrf = signal("");
