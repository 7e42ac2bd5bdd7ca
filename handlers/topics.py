"""Service topics 服务领域: the words of the corpus and what people call them."""

LABELS: dict[str, str] = {
    "testing": "检验检测",
    "metrology": "计量",
    "standards": "标准",
    "certification": "认证认可",
    "quality_management": "质量管理",
    "equipment_sharing": "设备共享",
    "brand": "品牌培育",
    "supply_chain": "产业链供应链",
    "licensing": "生产许可与登记",
    "label_additive": "标签与添加剂",
    "training": "培训",
    "complaint": "投诉受理",
    "green_channel": "绿色通道",
    "progress_query": "进度查询",
    "greeting": "综合服务",
    "other/out_of_scope": "综合服务",
}


def label(topic: str) -> str:
    """What users read for a topic."""
    return LABELS.get(topic, "综合服务")
