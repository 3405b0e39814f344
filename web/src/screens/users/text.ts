/**
 * Texts of the screen of users and tokens: English, Chinese.
 */

/** See the head of the file. */
export const text = {
  "users.title": ["Users and tokens", "用户与令牌"],
  "users.lead": [
    "Who may use the API and this console. People sign in with a password, programs with a token.",
    "谁可以使用 API 和本控制台。人员用密码登录，程序用令牌。",
  ],
  "users.caption": ["Users", "用户"],
  "users.none": [
    "There is no user yet: callers on the dashboard's own machine may do everything, with api_open all callers.",
    "还没有用户：dashboard 所在机器上的调用方可以执行所有操作；若开启 api_open，则任何人都可以。",
  ],
  "users.noneHint": ["The first user must be an admin.", "第一个用户必须是 admin。"],
  "users.noRight": ["Only admins see users and tokens.", "只有 admin 可以查看用户与令牌。"],
  "users.name": ["Name", "名称"],
  "users.role": ["Role", "角色"],
  "users.created": ["Made", "创建时间"],
  "users.password": ["Password", "密码"],
  "users.hasPassword": ["set", "已设置"],
  "users.noPassword": ["none", "无"],
  "users.sessions": ["Sessions", "会话"],
  "users.tokens": ["Tokens", "令牌"],
  "users.actions": ["Actions", "操作"],
  "users.you": ["you", "您"],
  "users.of": ["{verb}: {name}", "{verb}：{name}"],
  "users.roleHint.viewer": [
    "sees everything but users, changes nothing but the own password",
    "可查看除用户外的一切，仅可更改自己的密码",
  ],
  "users.roleHint.operator": ["changes the product", "可更改产品"],
  "users.roleHint.admin": ["does everything, also users and tokens", "可执行一切，包括用户与令牌"],

  "users.nameError.form": [
    "1 to 32 of a-z, 0-9, _ and -; the first a letter or a digit.",
    "1 到 32 个 a-z、0-9、_ 和 -，首字符为字母或数字。",
  ],
  "users.nameError.taken": ["There is one with this name already.", "已存在同名项。"],
  "users.nameError.missing": ["Type a name first.", "请先输入名称。"],
  "users.passwordError.short": ["At least 8 characters.", "至少 8 个字符。"],
  "users.passwordError.long": ["At most 200 characters.", "最多 200 个字符。"],
  "users.passwordError.differ": ["The two passwords differ.", "两次输入的密码不一致。"],

  "users.add": ["Add user", "添加用户"],
  "users.add.effect": [
    "The user signs in with the password, or with a token whose secret is shown once.",
    "用户用密码登录，或使用只显示一次密钥的令牌。",
  ],
  "users.add.first": [
    "This is the first user, so it is an admin. From then on everybody has to sign in.",
    "这是第一个用户，因此为 admin。此后所有人都必须登录。",
  ],
  "users.add.by": ["Signs in with", "登录方式"],
  "users.add.byPassword": ["a password (people)", "密码（人员）"],
  "users.add.byToken": ["a token (programs)", "令牌（程序）"],
  "users.add.confirm": ["Add {name}", "添加 {name}"],
  "users.add.done": ["User {name} is made.", "用户 {name} 已创建。"],
  "users.again": ["Password again", "再次输入密码"],

  "users.setRole": ["Change role", "更改角色"],
  "users.setRole.title": ["Change the role of {name}?", "更改 {name} 的角色？"],
  "users.setRole.effect": [
    "The new role counts from the next call on, for sessions and tokens too.",
    "新角色从下一次调用起生效，会话和令牌同样适用。",
  ],
  "users.setRole.confirm": ["Make {name} {role}", "将 {name} 设为 {role}"],
  "users.setRole.done": ["{name} is {role} now.", "{name} 现为 {role}。"],
  "users.setRole.same": ["It has this role already.", "已经是该角色。"],
  "users.lastAdmin": ["The last admin stays.", "最后一个 admin 必须保留。"],

  "users.setPassword": ["Set password", "设置密码"],
  "users.setPassword.title": ["Set the password of {name}?", "设置 {name} 的密码？"],
  "users.setPassword.effect": [
    "The user's {sessions} sessions end; tokens stay good.",
    "该用户的 {sessions} 个会话将结束，令牌仍然有效。",
  ],
  "users.setPassword.none": ["No password any longer: tokens only", "不再使用密码：仅令牌"],
  "users.setPassword.done": ["The password of {name} is set.", "{name} 的密码已设置。"],
  "users.setPassword.removed": ["{name} has no password any longer.", "{name} 不再有密码。"],

  "users.remove": ["Remove", "移除"],
  "users.remove.title": ["Remove user {name}?", "移除用户 {name}？"],
  "users.remove.effect": [
    "The user, {tokens} tokens and {sessions} sessions end at once. What the user did stays in the audit log.",
    "该用户及其 {tokens} 个令牌、{sessions} 个会话立即失效。其操作仍保留在审计日志中。",
  ],
  "users.remove.self": ["It is you: you are signed out at once.", "这是您自己：您会立即退出登录。"],
  "users.remove.confirm": ["Remove {name}", "移除 {name}"],
  "users.remove.done": ["User {name} is removed.", "用户 {name} 已移除。"],

  "users.one": ["User {name}", "用户 {name}"],
  "users.back": ["All users", "全部用户"],
  "users.missing": ["There is no user {name}.", "不存在用户 {name}。"],
  "users.about": ["What it is", "基本信息"],
  "users.tokensOf": ["Tokens of {name}", "{name} 的令牌"],
  "users.noTokens": ["No tokens.", "没有令牌。"],
  "users.expires": ["Expires", "过期时间"],
  "users.never": ["never", "永不"],
  "users.expired": ["expired", "已过期"],
  "users.good": ["good", "有效"],
  "users.state": ["State", "状态"],

  "users.addToken": ["Add token", "添加令牌"],
  "users.addToken.title": ["Add a token for {name}", "为 {name} 添加令牌"],
  "users.addToken.effect": [
    "Whoever has the secret is {name}. It is shown once.",
    "持有该密钥者即为 {name}。密钥只显示一次。",
  ],
  "users.addToken.name": ["Name of the token", "令牌名称"],
  "users.addToken.nameHint": [
    "Where it is used: laptop, grafana, ci.",
    "使用位置：laptop、grafana、ci。",
  ],
  "users.addToken.days": [
    "Good for (days; 0: until it is revoked)",
    "有效期（天；0 表示直到吊销）",
  ],
  "users.addToken.daysForm": ["A whole number from 0 to 3650.", "0 到 3650 的整数。"],
  "users.addToken.done": ["Token {token} of {name} is made.", "{name} 的令牌 {token} 已创建。"],
  "users.revoke": ["Revoke", "吊销"],
  "users.revoke.title": ["Revoke token {token} of {name}?", "吊销 {name} 的令牌 {token}？"],
  "users.revoke.effect": [
    "Programs that use it are refused from the next call on.",
    "使用它的程序从下一次调用起会被拒绝。",
  ],
  "users.revoke.confirm": ["Revoke {token}", "吊销 {token}"],
  "users.revoke.done": ["Token {token} is revoked.", "令牌 {token} 已吊销。"],

  "users.secret.title": ["Secret of token {token} of {name}", "{name} 的令牌 {token} 的密钥"],
  "users.secret.once": [
    "This is shown once. Copy it now; nobody can read it again.",
    "只显示这一次。请立即复制，之后无法再次查看。",
  ],
  "users.secret.copy": ["Copy secret", "复制密钥"],
  "users.secret.use": ["Programs send it as", "程序这样发送"],
  "users.secret.kept": ["I have kept it", "我已保存"],
} as const;
