"""Service topics 服务领域: what people call the topics of the corpus."""

from nlp import TOPIC_LABELS


def label(topic: str) -> str:
    """What users read for a topic."""
    return TOPIC_LABELS.get(topic, TOPIC_LABELS["other/out_of_scope"])
