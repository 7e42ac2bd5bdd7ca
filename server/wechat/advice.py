"""What an operator does about a code of the platform, in Chinese (公众平台 = mp.weixin.qq.com)."""

from server.wechat.errors import TOKEN_CODES, code_name

# With these no access token is to be had, so nothing at all is sent.
NO_TOKEN_CODES = TOKEN_CODES | {40002, 40013, 40125, 40164, 40243, 41002, 41004, 50002} | {
    89501, 89503, 89506, 89507
}  # fmt: skip

_ADVICE = {
    -1: "微信系统繁忙，会自动重试；长时间不恢复请看微信官方公告",
    0: "微信没有给出可用的回答，会自动重试；请检查本机到 api.weixin.qq.com 的网络、代理和 DNS",
    429: "微信限制了请求频率，会自动重试",
    40001: "AppSecret 不对，或 access_token 被别的程序刷新；"
    "请核对 AppSecret，并确认没有其他程序用同一账号取 token",
    40002: "grant_type 有误，这是程序问题，请联系开发人员",
    40003: "openid 不属于这个账号，请核对 AppID 是否配错了应用",
    40013: "AppID 不对，请核对 NQI_WECHAT_APPID / NQI_MINIAPP_APPID",
    40014: "access_token 不合法；请确认没有其他程序用同一账号取 token",
    40016: "一级菜单个数不对，应为 1 至 3 个；请运行 python -m server menu check",
    40018: "一级菜单名称太长；请运行 python -m server menu check",
    40023: "子菜单个数不对，最多 5 个；请运行 python -m server menu check",
    40025: "子菜单名称太长；请运行 python -m server menu check",
    40037: "模板编号不对，请在公众平台核对模板编号，并更新模板文件（NQI_TEMPLATES_FILE）",
    40125: "AppSecret 不对，请在公众平台重置，并更新 NQI_WECHAT_SECRET / NQI_MINIAPP_SECRET",
    40165: "小程序页面路径不对，或小程序还没有发布；请核对菜单文件里的 page",
    40243: "AppSecret 已被冻结，请在公众平台解冻",
    41002: "缺少 AppID，请填写 NQI_WECHAT_APPID / NQI_MINIAPP_APPID",
    41004: "缺少 AppSecret，请填写 NQI_WECHAT_SECRET / NQI_MINIAPP_SECRET",
    41030: "小程序页面不存在或还没有发布，请先发布小程序",
    42001: "access_token 过期后没能换新；请确认服务器时间准确，没有其他程序用同一账号取 token",
    43004: "对方没有关注公众号，请对方先关注",
    43101: "对方没有同意订阅消息，或同意的次数已用完；请对方在小程序里再次同意",
    43107: "订阅消息能力被封禁，请在公众平台查看通知并申诉",
    45009: "接口当日调用次数用完，次日自动恢复；急用可在公众平台申请清零",
    45011: "调用太快，会自动放慢并重试",
    45015: "对方超过 48 小时没有来信，客服消息发不出去，会改走其他渠道",
    45064: "公众号没有关联这个小程序；请在公众平台“小程序管理”里关联，或从菜单里去掉它",
    45047: "客服消息条数用完，等对方再次来信，会改走其他渠道",
    47003: "模板字段不合规则，请在公众平台核对模板的字段名和格式，并更新模板文件",
    48001: "账号没有这个接口的权限，请在公众平台“接口权限”里开通；公众号须为已认证的服务号",
    48004: "接口被封禁，请在公众平台查看通知",
    50002: "账号受限（可能被封禁或注销），请在公众平台查看通知",
    89501: "这个 IP 的调用在等管理员确认，请管理员在微信里确认",
    89503: "这个 IP 的调用要管理员确认，请管理员在微信里确认",
    89506: "管理员拒绝了这个 IP 的调用，24 小时内不能再试；请联系管理员",
    89507: "管理员拒绝了这个 IP 的调用，1 小时内不能再试；请联系管理员",
}


def advise(reason: str) -> str:
    """One sentence for a reason as errors, gates and delivery rows keep it: "40164 1.2.3.4"."""
    code, _, hint = reason.partition(" ")
    if code == "40164":
        address = hint or "本机的公网 IP"
        return f"40164：请在公众平台把 {address} 加入 IP 白名单"
    number = int(code) if code.lstrip("-").isdecimal() else 0
    if number == 0:
        return _ADVICE[0]
    field = f"（字段 {hint}）" if hint else ""
    return f"{code}{field}：{_ADVICE.get(number) or _general(number)}"


def _general(number: int) -> str:
    if 500 <= number < 600:
        return "微信服务器出错，会自动重试"
    if 300 <= number < 500:
        return "接口地址不对或被代理拦截，请检查 NQI_WECHAT_API_BASE 和代理"
    return f"{code_name(number)}，请查微信公众平台的全局返回码"
