/**
 * Texts of the settings.
 */

/** English, Chinese. */
export const text = {
  "settings.title": ["Settings", "设置"],
  "settings.lead": ["Kept in this browser, for you only.", "仅保存在此浏览器中，只对您生效。"],
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
  "settings.keys": ["Keys", "快捷键"],
  "settings.shortcuts": ["Single keys are shortcuts", "启用单键快捷键"],
  "settings.shortcutsHint": [
    "Ctrl+K (⌘K on a Mac) always works.",
    "Ctrl+K（Mac 上为 ⌘K）始终可用。",
  ],
  "settings.about": ["About", "关于"],
  "settings.version": ["Version", "版本"],
  "settings.user": ["User", "用户"],
  "settings.role": ["Role", "角色"],
  "settings.nobody": ["nobody", "无"],
} as const;
