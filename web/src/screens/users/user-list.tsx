/**
 * All users as a table, with what can be done with each.
 */
import type { V1User } from "../../../../src/api/v1-access-schema.ts";
import { session } from "../../data/session.ts";
import { formatCount, formatTime } from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href, useNavigate } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import type { OpenDialog } from "../members/use-dialog.ts";
import { isLastAdmin } from "./user-check.ts";

interface ListProps {
  readonly product: string;
  readonly users: readonly V1User[];
  readonly dialog: OpenDialog;
}

/** Buttons of one user. */
export function UserActions(props: {
  readonly users: readonly V1User[];
  readonly user: V1User;
  readonly dialog: OpenDialog;
  /** `quiet` in a table. */
  readonly variant: "quiet" | "plain";
}): Children {
  const { user, dialog, variant } = props;
  const named = (verb: string): string => t("users.of", { verb, name: user.name });
  const isLast = isLastAdmin(props.users, user.name);
  return (
    <span class={variant === "quiet" ? "row-actions" : "head-actions"}>
      <Button
        variant={variant}
        needs="admin"
        label={named(t("users.setRole"))}
        isDisabled={isLast}
        reason={t("users.lastAdmin")}
        onPress={() => dialog.open("role", user.name)}
      >
        {t("users.setRole")}
      </Button>
      <Button
        variant={variant}
        needs="admin"
        label={named(t("users.setPassword"))}
        onPress={() => dialog.open("password", user.name)}
      >
        {t("users.setPassword")}
      </Button>
      <Button
        variant={variant}
        needs="admin"
        label={named(t("users.addToken"))}
        onPress={() => dialog.open("add-token", user.name)}
      >
        {t("users.addToken")}
      </Button>
      <Button
        variant={variant === "plain" ? "danger" : variant}
        needs="admin"
        label={named(t("users.remove"))}
        isDisabled={isLast}
        reason={t("users.lastAdmin")}
        onPress={() => dialog.open("remove", user.name)}
      >
        {t("users.remove")}
      </Button>
    </span>
  );
}

function columns({ product, users, dialog }: ListProps): readonly Column<V1User>[] {
  return [
    {
      key: "name",
      title: t("users.name"),
      sort: (user) => user.name,
      render: (user) => (
        <>
          <a class="code" href={href(product, "users", user.name)}>
            {user.name}
          </a>
          {session.value?.user === user.name && <span class="muted"> ({t("users.you")})</span>}
        </>
      ),
    },
    {
      key: "role",
      title: t("users.role"),
      sort: (user) => user.role,
      render: (user) => textOf("role", user.role),
    },
    {
      key: "password",
      title: t("users.password"),
      sort: (user) => user.has_password,
      render: (user) => <PasswordBadge user={user} />,
    },
    {
      key: "sessions",
      title: t("users.sessions"),
      align: "end",
      sort: (user) => user.sessions,
      render: (user) => formatCount(user.sessions),
    },
    {
      key: "tokens",
      title: t("users.tokens"),
      align: "end",
      sort: (user) => user.tokens.length,
      render: (user) => formatCount(user.tokens.length),
    },
    {
      key: "created",
      title: t("users.created"),
      sort: (user) => user.created_at,
      render: (user) => formatTime(user.created_at),
    },
    {
      key: "actions",
      title: t("users.actions"),
      render: (user) => <UserActions variant="quiet" users={users} user={user} dialog={dialog} />,
    },
  ];
}

/** Whether a user has a password. */
export function PasswordBadge(props: { readonly user: V1User }): Children {
  return props.user.has_password ? (
    <Badge tone="ok">{t("users.hasPassword")}</Badge>
  ) : (
    <Badge tone="idle">{t("users.noPassword")}</Badge>
  );
}

/** See the head of the file. */
export function UserList(props: ListProps): Children {
  const navigate = useNavigate();
  return (
    <Table
      caption={t("users.caption")}
      columns={columns(props)}
      rows={props.users}
      rowKey={(user) => user.name}
      sortedBy="name"
      filter={(user) => `${user.name} ${user.role}`}
      onOpen={(user) => navigate(href(props.product, "users", user.name))}
      empty={<EmptyState title={t("users.none")} hint={t("users.noneHint")} />}
    />
  );
}
