/**
 * One user with all tokens.
 */
import type { V1User } from "../../../../src/api/v1-access-schema.ts";
import { formatCount, formatTime } from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { type Column, Table } from "../../ui/table.tsx";
import { Facts } from "../members/facts.tsx";
import type { OpenDialog } from "../members/use-dialog.ts";
import { PasswordBadge, UserActions } from "./user-list.tsx";

type Token = V1User["tokens"][number];

/** See the head of the file. */
export function UserDetail(props: {
  readonly product: string;
  readonly users: readonly V1User[];
  readonly user: V1User;
  readonly dialog: OpenDialog;
}): Children {
  const { user, dialog } = props;
  return (
    <Page
      title={t("users.one", { name: user.name })}
      lead={<a href={href(props.product, "users")}>{t("users.back")}</a>}
      actions={<UserActions variant="plain" users={props.users} user={user} dialog={dialog} />}
    >
      <Card title={t("users.about")}>
        <Facts
          facts={[
            [
              t("users.role"),
              `${textOf("role", user.role)}: ${textOf("users.roleHint", user.role)}`,
            ],
            [t("users.password"), <PasswordBadge key="password" user={user} />],
            [t("users.sessions"), formatCount(user.sessions)],
            [t("users.created"), formatTime(user.created_at)],
          ]}
        />
      </Card>
      <Card title={t("users.tokensOf", { name: user.name })}>
        <Table
          caption={t("users.tokensOf", { name: user.name })}
          columns={columns(dialog)}
          rows={user.tokens}
          rowKey={(token) => token.name}
          sortedBy="name"
          empty={<p class="muted">{t("users.noTokens")}</p>}
        />
      </Card>
    </Page>
  );
}

function columns(dialog: OpenDialog): readonly Column<Token>[] {
  return [
    {
      key: "name",
      title: t("users.name"),
      sort: (token) => token.name,
      render: (token) => <span class="code">{token.name}</span>,
    },
    {
      key: "state",
      title: t("users.state"),
      sort: (token) => token.is_expired,
      render: (token) => (
        <Badge tone={token.is_expired ? "warn" : "ok"}>
          {t(token.is_expired ? "users.expired" : "users.good")}
        </Badge>
      ),
    },
    {
      key: "created",
      title: t("users.created"),
      sort: (token) => token.created_at,
      render: (token) => formatTime(token.created_at),
    },
    {
      key: "expires",
      title: t("users.expires"),
      sort: (token) => token.expires_at,
      render: (token) =>
        token.expires_at === null ? t("users.never") : formatTime(token.expires_at),
    },
    {
      key: "actions",
      title: t("users.actions"),
      render: (token) => (
        <Button
          variant="quiet"
          needs="admin"
          label={t("users.of", { verb: t("users.revoke"), name: token.name })}
          onPress={() => dialog.open("revoke", token.name)}
        >
          {t("users.revoke")}
        </Button>
      ),
    },
  ];
}
