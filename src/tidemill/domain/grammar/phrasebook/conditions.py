"""Wordings of `conditions`."""

from tidemill.domain.grammar.vocabulary import phrases

COPULAS = phrases(
    "is|are|was|were|be|being|has been|have been|has|have|having|lies|lie|falls|fall|stands|reads|that is|that are|which is|which are|"
    "must be|should be|is currently|has a value|a value|with a value|value is|value|comes|equals to|with a"
)
ABSENT = phrases(
    "missing|null|blank|empty|not given|not set|absent|not filled in|not filled|not present|not available|unset|missing or empty|"
    "empty or missing|null or empty|blank or missing|missing or blank|empty or null|not known|nothing|not there|not recorded|no value"
)
THERE = phrases(
    "not missing|not null|not blank|not empty|present|given|filled in|filled|available|non-missing|non-null|non-empty|a value|known|"
    "not missing or empty|set|there|recorded"
)
IGNORE_CASE = phrases(
    "ignore case|ignoring case|case insensitive|case-insensitive|case-insensitively|regardless of case|in any case|any case|"
    "upper or lower case|case does not matter|upper or lower case does not matter|upper or lower case doesn't matter|upper and lower case do not matter|"
    "upper and lower case don't matter|whether upper or lower case|in capitals or not|no matter whether upper or lower case|"
    "no matter if upper or lower case|upper/lower case does not matter|upper and lower case are the same|"
    "whatever the case|ignoring upper and lower case|no matter the case|in upper or lower case|"
    "irrespective of case|not case sensitive|case ignored|ignoring the case|in any spelling of case|whatever the capitalisation|"
    "ignoring capitalisation|regardless of capitalisation|regardless of upper or lower case|case doesn't matter"
)
ANDS = phrases(
    "and|and also|and where|and whose|and with|and that|and which|and if|and when|but|but only|but with|and have|and has|as well as|&|"
    "and only|and then only|and the|and only if|and only where|and a|but also|but where|&&"
)
OR_MORE = phrases(
    "or more|or higher|or above|or later|and above|and over|and up|or greater|or over|upwards|onwards|and more|+|or better|or larger|"
    "or longer|or heavier"
)
OR_LESS = phrases("or less|or lower|or below|or fewer|or earlier|or under|and below|and under|or smaller|and less|or shorter")
WITHOUT = phrases(
    "without|without a|without any|lacking|lack|missing|missing a|no|with no|a missing|an empty|empty|a blank|blank|have no|has no|"
    "that have no|there is no|with a missing|with missing|with an empty|with empty|having no|with blank|with a blank|null|any missing|a null|"
    "with null|do not have|do not have a|don't have a|do not have any|does not have a|doesn't have a|there is no value in|that lack|"
    "with no value in|no value in|with nothing in|without a value in|without a value for|with no value for|without value in"
)
WITH_A = phrases(
    "with a|with an|with|that have a|that have an|that have|having a|having an|have a|have an|has a|has an|with a known|with a non-missing|"
    "non-missing|with non-missing|a value in|with a value in"
)
THE = phrases(
    "the|with|with a|with an|with the|whose|where|where the|if|when|which have|that have|having|the value of|there is a|their|a|an|"
    "which have a|that have a|having a"
)
ALL = phrases("all|both|also|still|either|strictly|of|always|only|as")
IN = phrases("in|on|during|within|from|dated|the|in the|of|falls in|in the month of")
ONWARDS = phrases("onwards|onward|or later|and later|or after|and after|on")
IN_2 = phrases(
    "in|one of|any of|among|in the list|is one of|is in|one of the values|not in|none of|not one of|in any of|either of|not any of|"
    "one of these|is any of|one of the following|among the values|not among"
)
THE_2 = phrases("the|a value of|value|a|the value|the text|the word|the date|:|the string|the letters|the prefix")
WITH = phrases("with|that have|having|have|which have|has|with a|of|is|are|was|were")
BETWEEN = phrases("between|in the range|in the range of|in the range from|within|from|ranging from|in between")
INCLUSIVE = phrases(
    "inclusive|both inclusive|both included|both ends included|included|including both|both days included|inclusive of both|"
    "including both ends|both ends inclusive|both dates included|inclusively|both dates inclusive|both days inclusive|ends included|"
    "bounds included|both bounds included"
)
ONLY = phrases("only|keep|drop|where|whose|with|those|remove|exclude|then|group|sort|save|write|add|rename|count|ignore")
IN_3 = phrases("in|of|for|as|in the|by|in terms of|on")
IS = phrases("is|are|was|were|that are|which are|they are|it is")
MISSING = phrases("missing|null|blank|empty|below|above|under|over|less|more|equal|before|after|greater")
AND = phrases("and|to|until|till|through|up to|-|–")
