/**
 * Screen of users and tokens: all users, or the one that the address names. For admins.
 */
import { useState } from "preact/hooks";
import type { V1User, V1UserList } from "../../../../src/api/v1-access-schema.ts";
import { useLoad } from "../../data/load.ts";
import { hasRole } from "../../data/session.ts";
import { t } from "../../i18n/text.ts";
import { href, type ScreenProps } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import "../members/members.css";
import { type OpenDialog, useDialog } from "../members/use-dialog.ts";
import { AddUser } from "./add-user.tsx";
import { type Secret, SecretDialog } from "./secret-dialog.tsx";
import { UserDetail } from "./user-detail.tsx";
import { AddToken, RemoveUser, RevokeToken, SetPassword, SetRole } from "./user-dialogs.tsx";
import { UserList } from "./user-list.tsx";

/** See the head of the file. */
export default function UsersScreen(props: ScreenProps): Children {
  const isAllowed = hasRole("admin");
  const load = useLoad<V1UserList>(isAllowed ? "users" : undefined);
  const dialog = useDialog();
  const [secret, setSecret] = useState<Secret | undefined>(undefined);
  const users = load.data?.items;
  if (!isAllowed || users === undefined) {
    return (
      <Page title={t("users.title")}>
        {!isAllowed && <EmptyState title={t("users.noRight")} />}
        {isAllowed && load.problem === undefined && <Skeleton />}
        {load.problem !== undefined && <ErrorState problem={load.problem} onRetry={load.reload} />}
      </Page>
    );
  }
  const user = users.find(({ name }) => name === (props.id ?? dialog.target));
  return (
    <>
      <Content {...props} users={users} dialog={dialog} />
      <Dialogs
        users={users}
        user={user}
        dialog={dialog}
        onDone={load.reload}
        onSecret={setSecret}
      />
      <SecretDialog shown={secret} onClose={() => setSecret(undefined)} />
    </>
  );
}

function Content(
  props: ScreenProps & { readonly users: readonly V1User[]; readonly dialog: OpenDialog },
): Children {
  const { product, id, users, dialog } = props;
  if (id === undefined) {
    return (
      <Page
        title={t("users.title")}
        lead={t("users.lead")}
        command="codis user list"
        actions={
          <Button needs="admin" variant="primary" onPress={() => dialog.open("add")}>
            {t("users.add")}
          </Button>
        }
      >
        <UserList product={product} users={users} dialog={dialog} />
      </Page>
    );
  }
  const user = users.find(({ name }) => name === id);
  return user === undefined ? (
    <Page title={t("users.title")}>
      <EmptyState title={t("users.missing", { name: id })}>
        <a href={href(product, "users")}>{t("users.back")}</a>
      </EmptyState>
    </Page>
  ) : (
    <UserDetail product={product} users={users} user={user} dialog={dialog} />
  );
}

function Dialogs(props: {
  readonly users: readonly V1User[];
  readonly user: V1User | undefined;
  readonly dialog: OpenDialog;
  readonly onDone: () => void;
  readonly onSecret: (secret: Secret) => void;
}): Children {
  const { users, user, dialog, onDone, onSecret } = props;
  const onClose = dialog.close;
  if (dialog.verb === "add") {
    const taken = users.map(({ name }) => name);
    return <AddUser taken={taken} onClose={onClose} onDone={onDone} onSecret={onSecret} />;
  }
  if (user === undefined) {
    return null;
  }
  const parts = { user, onClose, onDone };
  switch (dialog.verb) {
    case "role":
      return <SetRole {...parts} />;
    case "password":
      return <SetPassword {...parts} />;
    case "remove":
      return <RemoveUser {...parts} />;
    case "add-token":
      return <AddToken {...parts} onSecret={onSecret} />;
    case "revoke":
      return user.tokens.some(({ name }) => name === dialog.target) ? (
        <RevokeToken {...parts} token={dialog.target} />
      ) : null;
    default:
      return null;
  }
}
