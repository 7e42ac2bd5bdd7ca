"""Settings, files and the calendar: what can be looked at without asking anybody."""

import shutil

from handlers.conversation import MENU_WORDS
from handlers.platform import PlatformError, load_platform
from handlers.worktime import first_unknown_day
from models.clock import clock
from server.config import Config, ConfigError, require_credentials
from server.doctor.finding import Finding, fine, reminder, trouble
from server.readiness import CALENDAR_DAYS
from server.wechat.menu import MenuError, load_menu
from server.wechat.templates import TemplatesError, load_templates

LEAST_ROOM = 200 * 1024 * 1024  # bytes


def look_at_settings(config: Config) -> list[Finding]:
    """All of them."""
    return [
        _credentials(config),
        _public_address(config),
        _platform_file(config),
        _templates_file(config),
        _menu_file(config),
        _room_for_files(config),
        _calendar(),
    ]


def _credentials(config: Config) -> Finding:
    try:
        require_credentials(config)
    except ConfigError as error:
        return trouble("微信配置", f"{error}（只用 dev 时不需要）")
    return fine("微信配置")


def _public_address(config: Config) -> Finding:
    if config.env == "production" and not config.public_url.startswith("https://"):
        return trouble(
            "访问地址",
            "生产环境应为 https 地址，否则手机打不开通知里的链接；请配好证书后修改 NQI_PUBLIC_URL",
        )
    return fine("访问地址")


def _platform_file(config: Config) -> Finding:
    try:
        platform = load_platform(config.platform_file)
    except PlatformError as error:
        return trouble("平台文件", str(error))
    if "演示" not in platform.name:
        return fine("平台文件")
    demo = "还是演示内容，请换成本平台的真实信息（NQI_PLATFORM_FILE）"
    return (reminder if config.env == "dev" else trouble)("平台文件", demo)


def _templates_file(config: Config) -> Finding:
    try:
        load_templates(config.templates_file)
    except TemplatesError as error:
        return trouble("模板文件", str(error))
    return fine("模板文件")


def _menu_file(config: Config) -> Finding:
    try:
        load_menu(config.menu_file, keys=MENU_WORDS)
    except MenuError as error:
        return trouble("菜单文件", str(error))
    return fine("菜单文件")


def _room_for_files(config: Config) -> Finding:
    # The folder is made when the first file comes.
    folder = config.files_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < LEAST_ROOM:
        return trouble(
            "存放文件的磁盘",
            f"只剩 {free // 1024 // 1024} MB，图片和语音会存不下；请清理或扩容（NQI_FILES_DIR）",
        )
    return fine("存放文件的磁盘")


def _calendar() -> Finding:
    unknown = first_unknown_day(clock.today(), CALENDAR_DAYS)
    if unknown is None:
        return fine("工作日历")
    return reminder(
        "工作日历",
        f"{unknown} 起的放假调休安排还不知道，之后的办理时限按周一至周五推算，只是暂定；"
        "国务院办公厅公布安排后，请升级 chinesecalendar 并重启",
    )
