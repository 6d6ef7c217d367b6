"""Wordings of `expressions`."""

from tidemill.domain.grammar.vocabulary import phrases

PARTS = phrases("year|month|day|hour|minute|second|quarter|week|weekday")
FIRST_NON_MISSING_OF = phrases(
    "first non-missing of|first non-missing value of|first non-empty of|first non missing of|first non-null of|first present of|"
    "first available of|first of the non-missing|first non-missing one of|first non-blank of|first value that is not missing of|"
    "first filled of|first non-empty value of|first non-null value of|first known of|first value present in|first value that is there of"
)
OR_IF_THAT_IS_MISSING = phrases(
    "or, if that is missing,|or if missing|or, if missing,|if missing|falling back to|falling back on|or else|or, when missing,|"
    "with fallback|with a fallback to|or when missing|or, if it is missing,|or, if empty,|or, where that is missing,|"
    "or, where it is missing,|else"
)
IF_PRESENT = phrases(
    "if present|if it is present|if there is one|if given|if available|if it is there|if not missing|if it is not missing|where present|when present"
)
THEN = phrases("then|it is|it becomes|:|->|=>|→|use|put|then it is|set it to|give|=|is|say|gets|write|call it|make it")
IS = phrases("is|are|it is|gets|get|use|put|becomes|it becomes|stays|call it")
TO_THE_NEAREST_INTEGER = phrases(
    "to the nearest integer|to the nearest whole number|to whole numbers|to a whole number|to an integer|to integers|to the nearest whole|"
    "to whole number|to the whole number|to full numbers"
)
NUMBER_OF_DAYS = phrases(
    "number of days|number of weeks|number of months|number of years|number of hours|number of minutes|days|hours|minutes|whole days|"
    "number of whole days|difference in days|day difference|count of days|time in days|difference in hours|difference in minutes|seconds|"
    "number of seconds|duration in days|length in days|duration in minutes|duration in hours|minutes passed|days passed|how many days|"
    "how many hours|how many minutes|gap in days|number of nights|nights|days elapsed|elapsed days"
)
ELSE_IF = phrases("else if|otherwise if|or if|elif|if|when|and if|else when|elsif|but if|and when|else, if|otherwise, if|if instead")
ELSE = phrases(
    "else|otherwise|or else|in all other cases|for all others|for everything else|everything else|the rest|all others|all other|"
    "in other cases|if not|else it is|for the rest|anything else|the others|all the others|others|rest|in any other case|for all other rows|"
    "all other rows|for the others|and otherwise"
)
DECIMALS = phrases(
    "decimals|decimal|decimal places|decimal place|places|digits after the decimal point|digits|d.p.|dp|decimal digits|"
    "places after the decimal point|digits after the point|digits after the comma|decimal digit"
)
IF = phrases("if|when|where|for|for rows where|as long as|in case")
OF_SEVERAL = phrases(
    "average of|mean of|highest of|lowest of|largest of|smallest of|maximum of|minimum of|latest of|earliest of|highest value of|lowest value of|"
    "greatest of|largest value of|smallest value of"
)
WHICHEVER_IS_MORE = phrases("whichever is larger|whichever is higher|whichever is greater|whichever is bigger|whichever is later|whichever is more")
WHICHEVER_IS_LESS = phrases("whichever is smaller|whichever is lower|whichever is less|whichever is earlier")
WRITTEN_LIKE = phrases(
    "as|like|such as|e.g.|e.g|e . g .|written as|written like|in the form|in the format|formatted as|for example|format|in format|as in"
)
TO_THE_NEXT_INTEGER = phrases(
    "to whole numbers|to a whole number|to the next whole number|to the next integer|to integers|to an integer|to the nearest whole number|"
    "to the nearest integer|to the full number|to full numbers"
)
