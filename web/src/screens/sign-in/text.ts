/**
 * Texts of the sign-in screen.
 */

/** English, Chinese. */
export const text = {
  "signIn.title": ["Sign in", "登录"],
  "signIn.setupTitle": ["Make the first user", "创建第一个用户"],
  "signIn.user": ["User", "用户名"],
  "signIn.password": ["Password", "密码"],
  "signIn.passwordAgain": ["Password again", "再次输入密码"],
  "signIn.passwordHint": ["At least 8 characters.", "至少 8 个字符。"],
  "signIn.passwordsDiffer": ["The two passwords differ.", "两次输入的密码不一致。"],
  "signIn.missing.username": ["Type the name of the user.", "请输入用户名。"],
  "signIn.missing.password": ["Type the password.", "请输入密码。"],
  "signIn.missing.token": ["Paste the token.", "请粘贴令牌。"],
  "signIn.token": ["Token", "令牌"],
  "signIn.tokenHint": [
    "The secret that `codis user add-token` showed.",
    "`codis user add-token` 显示的密钥。",
  ],
  "signIn.byPassword": ["With a password", "使用密码"],
  "signIn.byToken": ["With a token", "使用令牌"],
  "signIn.how": ["How to sign in", "登录方式"],
  "signIn.submit": ["Sign in", "登录"],
  "signIn.make": ["Make the user and sign in", "创建用户并登录"],
  "signIn.setupLead": [
    "This product has no users. The first one has the role admin and can make others.",
    "该产品还没有用户。第一个用户的角色是 admin，可以创建其他用户。",
  ],
  "signIn.needsSetup": [
    "There are no users yet. Open the set-up link that the first start printed to its log; it makes the first one.",
    "还没有用户。请打开首次启动时写入日志的初始化链接，以创建第一个用户。",
  ],
  "signIn.over": ["Your session has ended", "会话已结束"],
  "signIn.overLead": [
    "Sign in again to go on: what you typed on this page is kept. If you close this, it is lost.",
    "请重新登录以继续：您在此页面输入的内容会保留；关闭此窗口则会丢失。",
  ],
  "signIn.also": [
    "{product} doesn't know you yet: it has users of its own. You stay signed in to the other products.",
    "{product} 尚不认识您：它有自己的用户。您在其他产品上的登录保持不变。",
  ],
  "signIn.stranger": [
    "{product} doesn't know this user or token, but another product does.",
    "{product} 不认识该用户或令牌，但其他产品认识。",
  ],
} as const;
