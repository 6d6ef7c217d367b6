"""Wordings of `text_expressions`."""

from tidemill.domain.grammar.vocabulary import phrases

JOINED = phrases("joined|separated|put together|concatenated|glued together|joined together|combined|connected|linked|joined up")
WITHOUT_A_SPACE = phrases(
    "without a space|without space|without spaces|without a separator|without any separator|directly|without anything between|"
    "with nothing between|with no space|with nothing in between|without anything in between|with no separator|without a gap|"
    "with no space between"
)
CONCATENATION_OF = phrases(
    "concatenation of|concatenate|combination of|text made of|put together|join|combine|made of|made up of|join together|joined|"
    "consisting of|concatenated"
)
AND = phrases("and|plus|followed by|then|and then|and then the|&")
