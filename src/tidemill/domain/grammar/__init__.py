"""The drafter without a model: a brief in English becomes a spec, with an account of every sentence."""

from tidemill.domain.grammar.reader import read_instructions

__all__ = ["read_instructions"]
