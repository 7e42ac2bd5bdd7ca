"""Which kinds of standards a topic's questions ask for, learned from the articles' citations."""

from collections.abc import Iterable, Sequence

import numpy as np

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
        known = [topic for topic, kinds in counts.items() if kinds]
        self._kinds = sorted({kind for kinds in counts.values() for kind in kinds})
        self._rows = {topic: at for at, topic in enumerate(known)}
        shares = np.zeros((len(known), len(self._kinds)))
        for topic, at in self._rows.items():
            kinds = counts[topic]
            shares[at] = [kinds.get(kind, 0.0) / max(kinds.values()) for kind in self._kinds]
        # The root: half as usual is still a good part of the usual.
        self._usual = np.sqrt(shares)

    def factors(self, topics: Sequence[tuple[str, float]]) -> tuple[dict[str, float], float]:
        """Factor of each kind for these probabilities, and that of every other kind.

        All are 1 where the probabilities say too little.
        """
        known = [(self._rows[topic], chance) for topic, chance in topics if topic in self._rows]
        mass = sum(chance for _, chance in known)
        if mass < 0.5:
            return {}, 1.0
        chances = np.zeros(len(self._rows))
        for at, chance in known:
            chances[at] = chance / mass
        factors = (_FLOOR + (1 - _FLOOR) * (chances @ self._usual)).tolist()
        return dict(zip(self._kinds, factors, strict=True)), _FLOOR
