"""Wordings of `aggregates`."""

from tidemill.domain.grammar.vocabulary import phrases

VERBS = phrases(
    "compute|calculate|take|give|show|get|work out|find|find out|determine|report|with|and|then|list|giving|have|we need|produce|return|"
    "output|aggregate|i need|i want|we want|giving the|then compute|and compute|and calculate|then calculate|summarise|show me|give me|"
    "tell me|sum up|using|create|add|do|measure|containing|i would like|i'd like|we'd like|we would like|make|build|derive|and take|to get|"
    "i want to know|we want to know|i need to know|we need to know|i'd like to know|we'd like to know|i would like to know|what is|what are|what was|"
    "to compute|to calculate|summarise into|summarise as|also|say"
)
PER = phrases(
    "per|by|for each|for every|grouped by|within each|each|for all|of each|of every|in each|in every|at each|from each|broken down by|"
    "split by|by each|group by|with each|every|for any"
)
I_NEED = phrases("i need|we need|i want|we want|give me|show|show me|create|make|produce|build|report|compute|calculate")
GROUP_BY = phrases(
    "group by|group the rows by|group it by|group them by|group|group the data by|grouped by|group on|aggregate by|aggregate per|"
    "summarise by|summarise per|summarize by|summarize per|roll up by|roll up per|roll up to|per|for each|for every|by|one row per|a row per|"
    "a row for each|one row for each|one line per|aggregate to one row per|group rows by|then group by|for each of the|in each|"
    "collapse to one row per|so that there is one row per|reduce to one row per|summarise to one row per|group up by|within each|for all|"
    "break down by|aggregate the rows per|aggregate the rows by|summarise the rows by|summarise the rows per|aggregate it by|"
    "aggregate it per|aggregate them by|aggregate them per|summarise it per|summarise it by|summarise them by|summarise them per|by each|"
    "group together by"
)
THERE_ARE = phrases(
    "there are|there were|were placed|are placed|were made|they placed|they made|they have|were there|he or she has|was placed|came in|"
    "we got|fall in it|belong to it|it contains|we have|are there|it has|each has|we had|there is|exist|it had|that are left|in it|they had|"
    "in total|overall"
)
MARKS = phrases(",|:|;|.|-|–|→|->")
OVERALL = phrases("overall|over all rows|in total|in all|of all rows|over everything|over all the rows")
WHERE = phrases(
    "where|whose|with|for which|that have|in which|when|if|only where|only those where|that are|which are|having|for rows where|"
    "of rows where|for the rows where|of the rows where|only when|only counting rows where|only for rows where|among rows where|"
    "over rows where"
)
TOTAL = phrases("total|sum|average|mean|minimum|maximum|median|avg|min|max|summed|summed up|added up|averaged")
MARKS_2 = phrases("=|:|:=|as|is|which is|being|,|as the|<-|-|–|shows|holds")
AS = phrases(
    "as|called|named|call it|name it|call them|name them|->|=>|→|into|call this|call that|name this|calling it|label it|and call it|"
    "and name it|naming it|call the result|as column|which we call|stored as|in a column called|in a column named|in column|and call them|"
    "calling them|call the column|and call the result|in the column|in a column|to be called|output as|saved as|as a column|result|:|=|"
    "as a column called|as a column named|which i call|we call it|let's call it|we call that|i call it|as new column|under the name|"
    "with the name|in columns"
)
