"""Wordings of `windows`."""

from tidemill.domain.grammar.vocabulary import phrases

PER = phrases(
    "per|within each|within|for each|for every|of each|in each|by each|of the same|of its|in its|within its|within the|within the same|"
    "inside each|in the|for the same|of the|over each|partitioned by|in every"
)
RUNNING_TOTAL = phrases(
    "running total|running sum|cumulative sum|cumulative total|running balance|cumulated sum|cumulative|accumulated|running average|"
    "running maximum|running minimum|running total sum|rolling total|cumulated|running"
)
MOVING_AVERAGE = phrases("moving average|rolling average|moving mean|rolling mean|moving sum|rolling sum|sliding average|trailing average")
OVER_THE_LAST = phrases(
    "over the last|over|of the last|over the present and the previous|using the last|across the last|for the last|of the latest|"
    "with a window of|window of"
)
BY = phrases("by|on|according to|in|from|based on|with respect to|of")
PREVIOUS = phrases("previous|preceding|prior|next|following|row before|one before|line before|row after|entry before|last")
DIFFERENCE_BETWEEN = phrases(
    "difference between|difference from|difference to|difference of|difference in|change between|change of|change in|increase in|increase of|"
    "difference against|change|difference|growth in|growth of"
)
SHARE = phrases("share|percentage|percent|percentage share|proportion|fraction|percent share|share in percent|percentage of|part")
AVERAGE = phrases("average|mean|total|sum of|sum|highest|lowest|maximum|minimum|average of|total of|mean of|largest|smallest")
ROWS = phrases("rows|row|day|point|period|month|week|readings")
ROWS_2 = phrases("rows|row|days|records|readings|values|entries|points")
PREVIOUS_2 = phrases(
    "previous|preceding|prior|last|next|following|lag of|lead of|previous value of|previous row's|preceding row's|next value of|"
    "value of the previous|previous one's|lagged|earlier"
)
AND = phrases("and|to|from|compared to|compared with|versus|against|since|vs|over|relative to|with|minus|as compared to")
IN_THE_TOTAL = phrases(
    "in the total|of the total|in the whole|of the grand total|in the overall total|in the grand total|in total|of the overall total|"
    "of the sum|in the sum|that it makes up|over all rows|overall|of all rows|across all rows|of the overall|of the whole|of total|"
    "in the overall"
)
IN_ORDER_OF = phrases(
    "in order of|in the order of|ordered by|sorted by|order by|going by|sort by|when sorted by|in order by|along|when ordered by|"
    "in sequence of|following|over|by order of|in date order of|by|based on|ordered on|arranged by"
)
N1_BEING_THE_HIGHEST = phrases(
    "1 being the highest|1 is the highest|1 = highest|1 for the highest|the highest gets 1|the highest is 1|1 for the largest|"
    "1 being the largest|highest gets 1|highest is 1"
)
ROW = phrases("row|line|record|entry|reading|one|day|month|week|value")
OVERALL = phrases("the overall|the total|total|overall|the grand total of|the grand total|the sum of|all|the whole|the combined")
TOTAL = phrases(
    "the total|the sum of|the overall total|the sum over all rows of|the grand total|total|the overall|the sum|sum of|the total of|its total|"
    "the sum of all|the combined|the whole"
)
PREVIOUS_ROW = phrases(
    "previous row|previous one|row before|preceding row|previous line|one before|previous reading|previous value|previous record|"
    "previous entry|previous day|previous month|previous week|day before|month before|preceding one|preceding value|previous|prior row"
)
AS_A_SHARE_OF = phrases("as a share of|as share of|divided by|as a fraction of|as a proportion of|/|over")
IN_PERCENT = phrases("(in percent)|in percent|as a percentage|as percentage|in %|as percent|times 100|* 100|multiplied by 100")
RESTARTING_FOR_EACH = phrases(
    "restarting for each|starting over for each|restarting per|starting again for each|that restarts for each|which restarts for each|"
    "starting anew for each|resetting for each"
)
MAKES_UP = phrases("makes up|has|accounts for|contributes|represents|holds|stands for|is|make up")
IN_ITS = phrases(
    "in its|within its|of its|in the total of its|of the total of its|of the total of the|of the total per|in the total per|within the|"
    "of the total for its|of the total for the|in the total of the|of the"
)
