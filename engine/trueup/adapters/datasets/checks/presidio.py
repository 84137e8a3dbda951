"""Personal data by presidio (extra `pii`): names, places and national numbers, which no pattern of ours finds."""

from collections.abc import Callable, Iterator
from typing import Any

from trueup.adapters.datasets.checks.check import BadCheckError
from trueup.adapters.datasets.extras import library


def presidio_finder(
    kinds: tuple[str, ...], language: str, model: str, score: float
) -> Callable[[str], Iterator[tuple[str, str]]]:
    """Return what finds personal data by presidio's recognisers.

    Without a *model* (a spaCy package that is installed) there is no look at the meaning, only at patterns, and nothing
    is fetched: presidio would fetch a model by itself, and its recogniser of e-mail addresses a list of domains.
    """
    analyzer = _analyzer(language, model)
    known = set(analyzer.get_supported_entities(language))
    if unknown := sorted(set(kinds) - known):
        raise BadCheckError(f"`kinds` has the unknown kind `{unknown[0]}`", f"known: {', '.join(sorted(known))}")
    entities = list(kinds) or sorted(known)

    def find(text: str) -> Iterator[tuple[str, str]]:
        found = analyzer.analyze(text, language=language, entities=entities, score_threshold=score)
        for one in sorted(found, key=lambda r: (r.start, r.end)):
            yield one.entity_type, text[one.start : one.end]

    return find


def _analyzer(language: str, model: str) -> Any:
    presidio = library("presidio_analyzer", "`pii` with `engine: presidio`", "pii")
    engine = _nlp_engine(language, model)
    registry = presidio.RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=engine)
    registry.recognizers = [r for r in registry.recognizers if "Email" not in type(r).__name__]
    registry.add_recognizer(
        presidio.PatternRecognizer(
            "EMAIL_ADDRESS",
            patterns=[presidio.Pattern("e-mail", r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b", 0.8)],
            supported_language=language,
        )
    )
    return presidio.AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[language])


def _nlp_engine(language: str, model: str) -> Any:
    spacy = library("spacy", "`pii` with `engine: presidio`", "pii")
    nlp_engines = library("presidio_analyzer.nlp_engine", "`pii` with `engine: presidio`", "pii")
    if model and not spacy.util.is_package(model):
        raise BadCheckError(f"the spaCy model `{model}` is not installed")
    engine = nlp_engines.SpacyNlpEngine(models=[{"lang_code": language, "model_name": model or "blank"}])
    engine.nlp = {language: spacy.load(model) if model else spacy.blank(language)}
    return engine
