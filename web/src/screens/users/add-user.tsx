/**
 * Makes a user: with a password for people, or with a first token for programs.
 */
import { useState } from "preact/hooks";
import type { V1CreatedUser } from "../../../../src/api/v1-access-schema.ts";
import type { Role } from "../../../../src/api/v1-path.ts";
import { api } from "../../data/api.ts";
import { t, textOf } from "../../i18n/text.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { RadioGroup, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { cliLine } from "../members/cli-line.ts";
import { PasswordFields } from "./password-fields.tsx";
import type { Secret } from "./secret-dialog.tsx";
import { nameProblem, passwordProblem } from "./user-check.ts";

const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

/** `taken`: names of all users; `onSecret` gets the secret of a first token. */
export function AddUser(props: {
  readonly taken: readonly string[];
  readonly onClose: () => void;
  readonly onSecret: (secret: Secret) => void;
  readonly onDone: () => void;
}): Children {
  const isFirst = props.taken.length === 0;
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>(isFirst ? "admin" : "viewer");
  const [by, setBy] = useState<"password" | "token">("password");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const wrongName = nameProblem(name, props.taken);
  const wrongPassword = by === "password" ? passwordProblem(password, again) : undefined;
  const reason =
    wrongName === undefined
      ? textOf("users.passwordError", wrongPassword ?? "")
      : textOf("users.nameError", wrongName);
  const add = async (): Promise<string> => {
    const created = await api.send<V1CreatedUser>("POST", "users", {
      name,
      role,
      ...(by === "password" ? { password } : {}),
    });
    props.onDone();
    if (created.secret !== null && created.token !== null) {
      props.onSecret({ user: created.user, token: created.token.name, secret: created.secret });
    }
    return t("users.add.done", { name });
  };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={props.onClose}
      level={0}
      needs="admin"
      title={t("users.add")}
      effect={
        <>
          <p>{t("users.add.effect")}</p>
          {isFirst && <p class="strong">{t("users.add.first")}</p>}
        </>
      }
      name={name}
      command={cliLine.addUser(name === "" ? "NAME" : name, role, by === "password")}
      confirmLabel={name === "" ? t("users.add") : t("users.add.confirm", { name })}
      isDisabled={wrongName !== undefined || wrongPassword !== undefined}
      reason={reason}
      onConfirm={add}
    >
      <TextInput
        label={t("users.name")}
        value={name}
        onChange={setName}
        error={
          name === "" || wrongName === undefined ? undefined : textOf("users.nameError", wrongName)
        }
        isCode
      />
      <RadioGroup
        label={t("users.role")}
        value={role}
        options={ROLES.map((value) => ({
          value,
          label: textOf("role", value),
          hint: textOf("users.roleHint", value),
          isDisabled: isFirst && value !== "admin",
        }))}
        onChange={setRole}
      />
      <RadioGroup
        label={t("users.add.by")}
        value={by}
        options={[
          { value: "password", label: t("users.add.byPassword") },
          { value: "token", label: t("users.add.byToken") },
        ]}
        onChange={setBy}
      />
      {by === "password" && (
        <PasswordFields
          password={password}
          again={again}
          onPassword={setPassword}
          onAgain={setAgain}
        />
      )}
    </ConfirmDialog>
  );
}
