"""Wordings of `text_edits`."""

from tidemill.domain.grammar.vocabulary import phrases

EVERY = phrases("every|each|all|any|all the|all of the|every single|the")
NOTHING = phrases("nothing|an empty text|an empty string|empty text|empty string|the empty string|the empty text")
REMOVED = phrases("removed|taken out|stripped|left out|deleted|stripped out|cut out|dropped|taken away")
REPLACED_BY = phrases("replaced by|replaced with|changed to|changed into|turned into|substituted by|substituted with|exchanged for|swapped for")
WITH_ZEROS = phrases("with zeros|with leading zeros|with zeroes|with leading zeroes|by zeros|by leading zeros|using zeros|using leading zeros")
PLACES = phrases("digits|digit|characters|places|character|letters|chars|positions")
