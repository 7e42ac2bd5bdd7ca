"""The people of all journeys."""

from server.wechat.simulator import Person

EMPLOYEE = Person("oEmployee", "mEmployee", "uEmployee", "小林", "饮料厂质检员")
COLLEAGUE = Person("oColleague", "mColleague", "uColleague", "阿梅", "同厂同事")
OUTSIDER = Person("oOutsider", "mOutsider", "uOutsider", "老赵", "别的企业")
SPECIALIST = Person("oSpecialist", "mSpecialist", "uSpecialist", "王工", "检测专员")
OTHER_SPECIALIST = Person("oOther", "mOther", "uOther", "孙工", "检测专员")
METROLOGIST = Person("oMetrologist", "mMetrologist", "uMetrologist", "李工", "计量专员")
OFFICER = Person("oOfficer", "mOfficer", "uOfficer", "吴敏", "质量服务专员")
MANAGER = Person("oManager", "mManager", "uManager", "陈主任", "负责人")

EVERYBODY = (
    EMPLOYEE,
    COLLEAGUE,
    OUTSIDER,
    SPECIALIST,
    OTHER_SPECIALIST,
    METROLOGIST,
    OFFICER,
    MANAGER,
)
