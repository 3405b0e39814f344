/**
 * What the user may do at the open product, where each product knows its own users: at `codis fe`. A dashboard has one
 * product, so there the session tells.
 */
import { signal } from "@preact/signals";
import type { V1Me } from "../../../src/api/v1-access-schema.ts";
import type { Role } from "../../../src/api/v1-path.ts";
import { api, asProblem } from "./api.ts";

interface Access {
  readonly product: string;
  /** null: nobody is signed in there. */
  readonly role: Role | null;
}

/** A dashboard that doesn't answer is asked again after this. */
const RETRY_MS = 3000;
const UNAUTHENTICATED = 401;

const access = signal<Access | undefined>(undefined);

/** The role at a product: null when it knows no session of ours, undefined until that is known. Reads signals. */
export function roleAt(product: string): Role | null | undefined {
  return access.value?.product === product ? access.value.role : undefined;
}

/** Nobody is signed in at a product any longer. */
export function refuseAccess(product: string): void {
  access.value = { product, role: null };
}

/** Asks for the role until the dashboard has told; gives what ends that and forgets the role. */
export function watchAccess(product: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const ask = async (): Promise<void> => {
    const role = await askRole(product);
    if (isOver) {
      return;
    }
    if (role === undefined) {
      timer = setTimeout(() => void ask(), RETRY_MS);
    } else {
      access.value = { product, role };
    }
  };
  void ask();
  return () => {
    isOver = true;
    clearTimeout(timer);
    access.value = undefined;
  };
}

/** As `roleAt`; undefined: the dashboard couldn't tell. Never rejects. */
export async function askRole(product: string): Promise<Role | null | undefined> {
  try {
    const path = `products/${encodeURIComponent(product)}/me`;
    return (await api.getRoot<V1Me>(path)).role;
  } catch (thrown) {
    return asProblem(thrown).status === UNAUTHENTICATED ? null : undefined;
  }
}
