"""Which kinds of standards a topic's questions ask for, learned from the articles' citations."""

from collections.abc import Iterable, Sequence

from nlp.corpus import Article, Standard

# Citations of an article that count; later ones are only company.
_CITED = 3
# A kind that no article of the topic cites keeps this share of its claims.
_FLOOR = 0.8


class Affinity:
    """Topic of a question × topic column of a standard -> 0.._FLOOR..1, 1 for the usual kind."""

    def __init__(self, articles: Iterable[Article], by_number: dict[str, Standard]) -> None:
        counts: dict[str, dict[str, float]] = {}
        for article in articles:
            kinds = counts.setdefault(article.topic, {})
            for place, number in enumerate(article.standards[:_CITED]):
                if number in by_number:
                    kind = by_number[number].topic
                    kinds[kind] = kinds.get(kind, 0.0) + 1 / (1 + place)
        self._shares: dict[str, dict[str, float]] = {}
        for topic, kinds in counts.items():
            most = max(kinds.values(), default=0.0)
            self._shares[topic] = {kind: count / most for kind, count in kinds.items()}

    def factors(self, topics: Sequence[tuple[str, float]]) -> dict[str, float]:
        """Factor of each kind for these probabilities; {} where they say too little."""
        known = [
            (self._shares[topic], chance) for topic, chance in topics if self._shares.get(topic)
        ]
        mass = sum(chance for _, chance in known)
        if mass < 0.5:
            return {}
        kinds = {kind for shares, _ in known for kind in shares}
        usual = {
            kind: sum(chance * shares.get(kind, 0.0) ** 0.5 for shares, chance in known) / mass
            for kind in kinds
        }
        return {kind: _FLOOR + (1 - _FLOOR) * share for kind, share in usual.items()}


def weighed(kind: str, factors: dict[str, float]) -> float:
    """The factor of a kind of standards; 1 where nothing is known of the question's topic."""
    return factors.get(kind, _FLOOR) if factors else 1.0
