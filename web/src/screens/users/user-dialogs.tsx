/**
 * What is asked before a user or a token is changed, made or removed.
 */
import { useState } from "preact/hooks";
import type { V1CreatedToken, V1User } from "../../../../src/api/v1-access-schema.ts";
import type { Role } from "../../../../src/api/v1-path.ts";
import { api } from "../../data/api.ts";
import { session } from "../../data/session.ts";
import { t, textOf } from "../../i18n/text.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Checkbox, NumberInput, RadioGroup, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { cliLine } from "../members/cli-line.ts";
import { PasswordFields } from "./password-fields.tsx";
import type { Secret } from "./secret-dialog.tsx";
import { lifeSeconds, nameProblem, passwordProblem, TOKEN_DAYS_MAX } from "./user-check.ts";

const ROLES: readonly Role[] = ["viewer", "operator", "admin"];
const HOURS_OF_DAY = 24;
const DAYS_AT_FIRST = 90;

/** What every dialog about a user needs. */
export interface OneUser {
  readonly user: V1User;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Gives a user another role. */
export function SetRole({ user, onClose, onDone }: OneUser): Children {
  const { name } = user;
  const [role, setRole] = useState<Role>(user.role);
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={onClose}
      level={1}
      needs="admin"
      title={t("users.setRole.title", { name })}
      effect={t("users.setRole.effect")}
      name={name}
      command={cliLine.setRole(name, role)}
      confirmLabel={t("users.setRole.confirm", { name, role: textOf("role", role) })}
      isDisabled={role === user.role}
      reason={t("users.setRole.same")}
      onConfirm={async () => {
        await api.send("PATCH", `users/${name}`, { role });
        onDone();
        return t("users.setRole.done", { name, role: textOf("role", role) });
      }}
    >
      <RadioGroup
        label={t("users.role")}
        value={role}
        options={ROLES.map((value) => ({
          value,
          label: textOf("role", value),
          hint: textOf("users.roleHint", value),
        }))}
        onChange={setRole}
      />
    </ConfirmDialog>
  );
}

/** Sets a user's password, or takes it away. */
export function SetPassword({ user, onClose, onDone }: OneUser): Children {
  const { name } = user;
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [isNone, setNone] = useState(false);
  const problem = isNone ? undefined : passwordProblem(password, again);
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={onClose}
      level={1}
      needs="admin"
      title={t("users.setPassword.title", { name })}
      effect={t("users.setPassword.effect", { sessions: user.sessions })}
      name={name}
      command={cliLine.setPassword(name, isNone)}
      confirmLabel={t("users.setPassword")}
      isDisabled={problem !== undefined}
      reason={textOf("users.passwordError", problem ?? "")}
      onConfirm={async () => {
        await api.send("PATCH", `users/${name}`, { password: isNone ? null : password });
        onDone();
        return t(isNone ? "users.setPassword.removed" : "users.setPassword.done", { name });
      }}
    >
      {!isNone && (
        <PasswordFields
          password={password}
          again={again}
          onPassword={setPassword}
          onAgain={setAgain}
        />
      )}
      <Checkbox label={t("users.setPassword.none")} isChecked={isNone} onChange={setNone} />
    </ConfirmDialog>
  );
}

/** Removes a user. */
export function RemoveUser({ user, onClose, onDone }: OneUser): Children {
  const { name } = user;
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={onClose}
      level={2}
      needs="admin"
      title={t("users.remove.title", { name })}
      effect={
        <>
          <p>{t("users.remove.effect", { tokens: user.tokens.length, sessions: user.sessions })}</p>
          {session.value?.user === name && <p class="strong">{t("users.remove.self")}</p>}
        </>
      }
      name={name}
      command={cliLine.removeUser(name)}
      confirmLabel={t("users.remove.confirm", { name })}
      onConfirm={async () => {
        await api.send("DELETE", `users/${name}`);
        onDone();
        return t("users.remove.done", { name });
      }}
    />
  );
}

/** Makes a token. */
export function AddToken(
  props: OneUser & { readonly onSecret: (secret: Secret) => void },
): Children {
  const { user, onClose, onDone, onSecret } = props;
  const [token, setToken] = useState("");
  const [days, setDays] = useState<number | undefined>(DAYS_AT_FIRST);
  const wrongName = nameProblem(
    token,
    user.tokens.map(({ name }) => name),
  );
  const isDays =
    days !== undefined && Number.isInteger(days) && days >= 0 && days <= TOKEN_DAYS_MAX;
  const life = lifeSeconds(days ?? 0);
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={onClose}
      level={0}
      needs="admin"
      title={t("users.addToken.title", { name: user.name })}
      effect={t("users.addToken.effect", { name: user.name })}
      name={user.name}
      command={cliLine.addToken(
        user.name,
        token === "" ? "NAME" : token,
        isDays ? days * HOURS_OF_DAY : 0,
      )}
      confirmLabel={t("users.addToken")}
      isDisabled={wrongName !== undefined || !isDays}
      reason={
        wrongName === undefined
          ? t("users.addToken.daysForm")
          : textOf("users.nameError", wrongName)
      }
      onConfirm={async () => {
        const created = await api.send<V1CreatedToken>("POST", `users/${user.name}/tokens`, {
          name: token,
          ...(life === undefined ? {} : { expires_in_seconds: life }),
        });
        onDone();
        onSecret({ user: user.name, token, secret: created.secret });
        return t("users.addToken.done", { token, name: user.name });
      }}
    >
      <TextInput
        label={t("users.addToken.name")}
        hint={t("users.addToken.nameHint")}
        value={token}
        onChange={setToken}
        error={
          token === "" || wrongName === undefined ? undefined : textOf("users.nameError", wrongName)
        }
        isCode
      />
      <NumberInput
        label={t("users.addToken.days")}
        value={days}
        min={0}
        max={TOKEN_DAYS_MAX}
        error={isDays ? undefined : t("users.addToken.daysForm")}
        onChange={setDays}
      />
    </ConfirmDialog>
  );
}

/** Ends a token. */
export function RevokeToken(props: OneUser & { readonly token: string }): Children {
  const { user, token, onClose, onDone } = props;
  const { name } = user;
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={onClose}
      level={1}
      needs="admin"
      title={t("users.revoke.title", { token, name })}
      effect={t("users.revoke.effect")}
      name={token}
      command={cliLine.revokeToken(name, token)}
      confirmLabel={t("users.revoke.confirm", { token })}
      onConfirm={async () => {
        await api.send("DELETE", `users/${name}/tokens/${token}`);
        onDone();
        return t("users.revoke.done", { token });
      }}
    />
  );
}
