"""trueup keeps large language models true to git."""

__version__ = "0.1.0"
