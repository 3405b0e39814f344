/**
 * Texts of the settings.
 */

/** English, Chinese. */
export const text = {
  "settings.title": ["Settings", "设置"],
  "settings.lead": [
    "For you only; all but the password is kept in this browser.",
    "只对您生效；除密码外均保存在此浏览器中。",
  ],
  "settings.look": ["Look", "外观"],
  "settings.theme": ["Theme", "主题"],
  "settings.density": ["Room between lines", "行距"],
  "settings.roomy": ["Roomy", "宽松"],
  "settings.dense": ["Dense", "紧凑"],
  "settings.words": ["Language and time", "语言和时间"],
  "settings.language": ["Language", "语言"],
  "settings.zone": ["Time zone", "时区"],
  "settings.zoneHint": [
    "Empty: that of the browser ({zone}). Example: UTC, Asia/Shanghai.",
    "留空则使用浏览器时区（{zone}）。例如：UTC、Asia/Shanghai。",
  ],
  "settings.zoneWrong": ["The browser doesn't know this time zone.", "浏览器不认识这个时区。"],
  "settings.now": ["Now: {time}", "当前时间：{time}"],
  "settings.figures": ["Figures and charts", "数值和图表"],
  "settings.range": ["Usual range of charts", "图表默认时间范围"],
  "settings.rangeHint": [
    "For addresses that say no other. By command: 6 h at most.",
    "用于未指明范围的地址。按命令拆分时最多 6 小时。",
  ],
  "settings.numbers": ["Large numbers", "大数值"],
  "settings.numbers.short": ["Short: 1.23 M", "缩写：1.23 M"],
  "settings.numbers.full": ["In full: 1,234,567", "完整：1,234,567"],
  "settings.bytes": ["Sizes", "容量"],
  "settings.bytes.1024": ["By 1024: KiB, MiB, GiB", "按 1024：KiB、MiB、GiB"],
  "settings.bytes.1000": ["By 1000: kB, MB, GB", "按 1000：kB、MB、GB"],
  "settings.sample": [
    "So 1,234,567 requests are {count}, and 1,500,000,000 bytes {bytes}.",
    "1,234,567 个请求显示为 {count}，1,500,000,000 字节显示为 {bytes}。",
  ],
  "settings.keys": ["Keys", "快捷键"],
  "settings.shortcuts": ["Single keys are shortcuts", "启用单键快捷键"],
  "settings.shortcutsHint": [
    "Ctrl+K (⌘K on a Mac) always works.",
    "Ctrl+K（Mac 上为 ⌘K）始终可用。",
  ],
  "settings.password": ["Your password", "您的密码"],
  "settings.password.effect": [
    "You are {user}. This session stays; your others end. Tokens stay good.",
    "您是 {user}。当前会话保留，其他会话将结束；令牌仍然有效。",
  ],
  "settings.password.product": ["Product", "产品"],
  "settings.password.present": ["Present password", "当前密码"],
  "settings.password.presentFirst": ["Type the present password first.", "请先输入当前密码。"],
  "settings.password.set": ["Change password", "更改密码"],
  "settings.password.done": ["The password of {user} is changed.", "{user} 的密码已更改。"],
  "settings.about": ["About", "关于"],
  "settings.version": ["Version", "版本"],
  "settings.user": ["User", "用户"],
  "settings.role": ["Role", "角色"],
  "settings.nobody": ["nobody", "无"],
} as const;
