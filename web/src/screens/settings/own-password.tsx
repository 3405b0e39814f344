/**
 * Another password for the user who is signed in. With `codis fe` each product has its own, so it is chosen first. The
 * other sessions of the user end; this one stays.
 */
import { useEffect, useState } from "preact/hooks";
import { useAct } from "../../data/act.ts";
import { api } from "../../data/api.ts";
import { loadProducts, products } from "../../data/products.ts";
import { session } from "../../data/session.ts";
import { t, textOf } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { Select, TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { cliLine } from "../members/cli-line.ts";
import { PasswordFields } from "../users/password-fields.tsx";
import { passwordProblem } from "../users/user-check.ts";

/** See the head of the file; nothing while nobody is signed in. */
export function OwnPassword(): Children {
  const user = session.value?.user ?? undefined;
  useEffect(() => {
    if (user !== undefined && products.peek().length === 0) {
      void loadProducts();
    }
  }, [user]);
  const names = products.value.filter(({ state }) => state === "reachable").map(({ name }) => name);
  return user === undefined || names.length === 0 ? null : <Form user={user} names={names} />;
}

function Form(props: { readonly user: string; readonly names: readonly string[] }): Children {
  const { user, names } = props;
  const [chosen, setChosen] = useState(names[0] ?? "");
  const [present, setPresent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const problem = passwordProblem(password, again);
  const act = useAct(async () => {
    const path = `products/${encodeURIComponent(chosen)}/me/password`;
    await api.sendRoot("PUT", path, { present, password });
    for (const clear of [setPresent, setPassword, setAgain]) {
      clear("");
    }
    return t("settings.password.done", { user });
  });
  const isOff = present === "" || problem !== undefined;
  const reason =
    present === ""
      ? t("settings.password.presentFirst")
      : textOf("users.passwordError", problem ?? "");
  return (
    <Card title={t("settings.password")}>
      <form
        class="own-password"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isOff) {
            void act.run();
          }
        }}
      >
        <p>{t("settings.password.effect", { user })}</p>
        {names.length > 1 && (
          <Select
            label={t("settings.password.product")}
            value={chosen}
            options={names.map((value) => ({ value, label: value }))}
            onChange={setChosen}
          />
        )}
        <TextInput
          label={t("settings.password.present")}
          type="password"
          autoComplete="current-password"
          value={present}
          onChange={setPresent}
        />
        <PasswordFields
          password={password}
          again={again}
          onPassword={setPassword}
          onAgain={setAgain}
        />
        <CopyLine text={cliLine.ownPassword()} />
        {act.problem !== undefined && <ProblemText problem={act.problem} />}
        <Button
          type="submit"
          variant="primary"
          isDisabled={isOff}
          reason={reason}
          isPending={act.isPending}
        >
          {t("settings.password.set")}
        </Button>
      </form>
    </Card>
  );
}
