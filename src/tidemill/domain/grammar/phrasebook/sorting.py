"""Wordings of `sorting`."""

from tidemill.domain.grammar.vocabulary import phrases

DESCENDING = phrases(
    "descending|desc|highest first|largest first|biggest first|newest first|latest first|most recent first|in descending order|"
    "descending order|from high to low|high to low|from highest to lowest|highest to lowest|from largest to smallest|largest to smallest|"
    "most first|from z to a|z to a|z-a|reverse order|in reverse order|in decreasing order|decreasing|longest first|oldest last|"
    "starting with the highest|with the highest first|with the largest first|with the biggest first|with the newest first|the highest first|"
    "the largest first|the biggest first|greatest first|best first|top first|from newest to oldest|newest to oldest|from biggest to smallest|"
    "biggest to smallest|from the highest to the lowest|with the most recent first|the newest first|from most to least|"
    "starting with the largest|highest on top|largest on top|in reverse|with the latest first|from large to small|from big to small|"
    "starting with the biggest|↓|heaviest first|most expensive first|highest at the top|worst first|from latest to earliest|"
    "latest to earliest|with highest first|with largest first"
)
ASCENDING = phrases(
    "ascending|asc|lowest first|smallest first|oldest first|earliest first|in ascending order|ascending order|from low to high|low to high|"
    "from lowest to highest|lowest to highest|from smallest to largest|smallest to largest|from a to z|a to z|a-z|alphabetically|"
    "in alphabetical order|alphabetical order|alphabetical|in increasing order|increasing|shortest first|starting with the lowest|"
    "with the lowest first|with the smallest first|with the oldest first|the oldest first|the lowest first|the smallest first|"
    "from oldest to newest|oldest to newest|cheapest first|with the earliest first|from the lowest to the highest|chronologically|"
    "in chronological order|starting with the oldest|starting with the smallest|from small to large|fewest first|least first|"
    "the earliest first|↑|lightest first|from earliest to latest|newest last|numerically"
)
HIGH = phrases("highest|largest|biggest|most|greatest|latest|newest|longest|best|top|most recent|maximum|max|heaviest|last")
LOW = phrases("lowest|smallest|fewest|least|earliest|oldest|shortest|worst|minimum|min|cheapest|lightest|first")
KEEPS = phrases(
    "keep|keep only|only keep|take|take only|limit to|limit it to|limit the result to|limit|we only need|i only need|only need|show|"
    "show only|return|only|give me|i want|we want|list|select|pick|restrict to|leave|cut to|limit the output to|retain|get|find|we need|"
    "i need|return only|output only|only take|only want|we only want|just keep|just|cap at|limit to only|limit rows to|limit the rows to|"
    "limit the list to|limit them to|reduce to|retain only|and keep|only show|cut off after|stop after|cut the list to|keep just|pick out|"
    "cut it to|cut to only|trim to|trim the list to|we are interested in|that leaves"
)
DESCENDING_2 = phrases("descending|ascending|decreasing|increasing|the descending|the ascending|desc|asc")
BY = phrases("by|ranked by|according to|in terms of|measured by|going by|based on|sorted by|ordered by|in")
WITH = phrases("with|that have|having|with the|which have|by the|who have|that had|who spent|with a|that has")
REMOVE = phrases(
    "remove|drop|delete|deduplicate|dedupe|de-duplicate|eliminate|discard|get rid of|throw out|throw away|ignore|exclude|filter out|skip|"
    "without|weed out|take out|leave out|de-dupe|dedup|make sure there are no|strip out|cut out"
)
EXACT = phrases("exact|full|identical|complete|fully|exactly|repeated|completely|true")
BY_2 = phrases(
    "by|on|per|with the same|for each|for the same|of the same|based on|that have the same|having the same|in|that share the same|"
    "sharing the same|with equal|for|of|with respect to|according to|where|by the|with identical|over|using"
)
LATEST = phrases(
    "latest|most recent|newest|last|first|earliest|oldest|highest|lowest|largest|smallest|biggest|most|least|longest|shortest|cheapest|"
    "minimum|maximum|best|greatest|most expensive|heaviest"
)
MARKS = phrases(",|and|then|by|within that|after that|next|then by|and by|and within that|-")
WHERE = phrases("where|if|when|for|within|in case of|for equal|in case")
PER = phrases("per|of each|for each|in each|from each|within each|of every|for every|by|from every|in every")
PER_2 = phrases("per|of each|for each|in each|from each|within each|for every|of every")
FOR_EACH = phrases("for each|per|for every|within each|in each|of each|from each|for all")
TIES_BY = phrases(
    "ties by|ties broken by|in case of a tie by|with ties broken by|break ties by|breaking ties by|then by|ties going by|ties decided by"
)
KEEP = phrases("keep|keep only|retain|and keep|so that|leave|leaving|with|take|preserve|always keep|the one kept is|only keep")
BY_3 = phrases(
    "by|according to|going by|in terms of|based on|of|on|judged by|in order of|as per|measured by|sorted by|with respect to|from|ordered by|"
    "when sorted by|in"
)
BEST = phrases(
    "best|highest|lowest|largest|smallest|most expensive|latest|newest|oldest|earliest|most recent|biggest|cheapest|worst|longest|shortest|top"
)
IT = phrases("it|them|the rows|rows|the table|the data|the result")
DUPLICATES = phrases(
    "duplicates|duplicate rows|duplicate|duplicated rows|duplicated|identical rows|doubles|rows|repeats|double rows|double entries|dupes|"
    "duplicate entries|duplicate records|repeated rows|doublets|copies|duplicate lines"
)
ONE = phrases("one|row|entry|record|version|occurrence|line|value|ones|rows")
KEEP_2 = phrases(
    "keep|keep only|only keep|take|take only|retain|we only need|i only need|pick|only|use only|select|leave|we need|i need|find|get|"
    "just keep|use|we only want|keep just|only take|i want|we want|only the"
)
FOR_EACH_2 = phrases("for each|per|of each|for every|of every|by|within each|for any|in each|of the same|for one")
IT_2 = phrases("it|them|the result|the rows|the table|everything|the list|all|the results|results|rows|that|these")
IS_THE_SAME = phrases("is the same|are the same|is equal|are equal|ties|is tied|values")
BY_4 = phrases("by|on|after|according to|in order of|in the order of|using")
ONE_ROW_PER = phrases(
    "one row per|one row for each|one row for every|a single row per|a single row for each|exactly one row per|just one row per|only one row per|"
    "there must be one row per|there should be one row per"
)
SHOULD_STAY = phrases(
    "should stay|should be kept|should remain|is to stay|stays|remains|is kept|must stay|has to stay|is needed|counts|matters|is wanted"
)
SEVERAL_WITH_THE_SAME = phrases(
    "of several rows with the same|if several rows have the same|where several rows have the same|when several rows have the same|"
    "if there are several rows with the same|when there are several rows with the same|if there is more than one row with the same|"
    "of rows with the same|among rows with the same|among several rows with the same|of the rows with the same|for rows with the same|"
    "of all rows with the same|when there is more than one row with the same|of several rows for the same|if there are several rows for the same"
)
OCCURS = phrases("occurs|appears|is there|shows up|comes up|exists|is listed|is present|occur|appear|turns up|comes")
MORE_THAN_ONCE = phrases("more than once|twice|several times|multiple times|repeatedly|twice or more|more often than once")
SHOULD_OCCUR = phrases(
    "should appear|must appear|should occur|must occur|may appear|may occur|should be there|should be listed|is to appear|has to appear|"
    "should show up|must be there|can appear|should be in the result|must be listed"
)
OF_EACH = phrases("of each|of every|per|for each|for every|in each|within each")
