"""The platform's stations and windows: where they are, and which is nearest. Pure."""

import re
from math import asin, cos, isfinite, radians, sin, sqrt

import msgspec

SITE_KINDS = {"station": "服务站", "window": "服务窗口"}
# What a QR code's scene may hold in both applications.
SITE_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
# GCJ-02 is defined for China only; anything else is a slip, mostly the two numbers swapped.
LATITUDES, LONGITUDES = (3.0, 54.0), (73.0, 136.0)
EARTH = 6371.0  # km, mean radius


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A station or window.

    latitude, longitude: degrees in GCJ-02, as China's maps and WeChat give them; both or none.
    code: the scene of the site's QR code, "" where it has none.
    """

    name: str
    kind: str
    address: str
    phone: str = ""
    latitude: float | None = None
    longitude: float | None = None
    code: str = ""


def fault_of(sites: list[Site]) -> str:
    """What is wrong with the sites of a file, in Chinese and English; "" when nothing is."""
    codes = [site.code for site in sites if site.code]
    for site in sites:
        if site.code and not SITE_CODE.fullmatch(site.code):
            return (
                f"站点“{site.name}”的 code 只能用字母、数字、-、_，最多32个"
                " / a site's code is 1 to 32 of A-Z a-z 0-9 - _"
            )
        if codes.count(site.code) > 1:
            return f"站点代码 code = {site.code} 重复，每个站点要不同 / this code is taken twice"
        if (site.latitude is None) != (site.longitude is None):
            return (
                f"站点“{site.name}”的 latitude（纬度）和 longitude（经度）要么都填，要么都不填"
                " / a site needs both coordinates or none"
            )
        if site.latitude is not None and not LATITUDES[0] <= site.latitude <= LATITUDES[1]:
            return (
                f"站点“{site.name}”的 latitude = {site.latitude} 不在中国范围（3—54），"
                "是不是和经度写反了 / not a latitude in China, maybe swapped"
            )
        if site.longitude is not None and not LONGITUDES[0] <= site.longitude <= LONGITUDES[1]:
            return (
                f"站点“{site.name}”的 longitude = {site.longitude} 不在中国范围（73—136）"
                " / not a longitude in China"
            )
    return ""


def nearest(sites: tuple[Site, ...], latitude: float, longitude: float) -> list[tuple[float, Site]]:
    """The sites that say where they are, each with its distance in km, nearest first."""
    found = [
        (distance(latitude, longitude, site.latitude, site.longitude), site)
        for site in sites
        if site.latitude is not None and site.longitude is not None
    ]
    return sorted(found, key=lambda pair: pair[0])


def distance(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Kilometres as the crow flies between two places in degrees, by the haversine formula.

    GCJ-02 shifts neighbours alike, so that over a city the difference is nothing.
    """
    north, north_too = radians(latitude), radians(to_latitude)
    rise = sin((north_too - north) / 2) ** 2
    turn = sin(radians(to_longitude - longitude) / 2) ** 2
    # Rounding may push the sum above 1 for opposite ends of the earth.
    return 2 * EARTH * asin(min(1.0, sqrt(rise + cos(north) * cos(north_too) * turn)))


def degrees(text: object, most: float) -> float | None:
    """A coordinate as a callback gives it; None for what can't be one."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if isfinite(value) and abs(value) <= most else None
