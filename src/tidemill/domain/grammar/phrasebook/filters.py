"""Wordings of `filters`."""

from tidemill.domain.grammar.vocabulary import phrases

KEEP = phrases(
    "keep only|only keep|keep|filter to|filter for|filter on|filter by|filter|filter only|filter to only|only|include only|only include|"
    "restrict to|restrict it to|limit to|limit it to|retain|retain only|take only|only take|consider only|only consider|use only|only use|"
    "we only need|i only need|only need|we only want|i only want|only look at|look only at|only count|select|select only|filter down to|"
    "narrow down to|keep just|just keep|just the|i only care about|we only care about|only want|we are only interested in|"
    "i am only interested in|leave only|pick|pick only|where|keep those|include|only interested in|filter it to|filter them to|"
    "filter the rows to|we want only|i want only|look at|we only look at|filter out everything except|drop everything except|"
    "remove everything except|remove all but|drop all but|keep all|whose|filter so that only|restrict the data to|restrict to only|"
    "restrict the rows to|filter rows|filter the rows|drop all rows except|exclude everything except|remove all rows except|"
    "drop all rows except those|only those|limit this to|limit to only|take|filter so that|filter where|get only|filter the data to|"
    "filter the data for|filter data to|keep the rest only|of these keep only|we just need|we only use|reduce to|continue only with|"
    "are only interested in|am only interested in|are interested only in|am interested only in|interested only in|work only with|only work with|continue with only|go on only with"
)
DROP = phrases(
    "drop|exclude|remove|ignore|skip|discard|delete|leave out|omit|filter out|throw away|throw out|get rid of|do not keep|don't keep|"
    "do not include|don't include|reject|eliminate|we don't need|we do not need|we don't want|we do not want|not interested in|take out|"
    "leave aside|without|no|disregard|weed out|kick out|strip out|cut|cut out|don't count|do not count|never include|not|don't use|"
    "do not use|except|i don't want|i do not want|i don't need|do not consider|don't consider|toss|toss out|purge|filter away|screen out|"
    "sort out|exclude all|leave off"
)
RELATIVES = phrases(
    "where|whose|with|that have|having|which have|which are|that are|for which|when|if|in which|which|that|who|who have|who are|that were|"
    "whos|which were|that was|which is|that is|which was|on which|where the|whenever|for whom|if their|if the|whose the|which has|that has|"
    "at which|in case|as long as|only if|only when|only where|if and only if"
)
UNWANTED = phrases(
    "are not needed|is not needed|can go|should be dropped|should be removed|should be excluded|should be ignored|should be left out|"
    "must be dropped|must be removed|must be excluded|can be dropped|can be removed|can be ignored|are to be dropped|are to be removed|"
    "should go|should be skipped|are not wanted|don't count|do not count|should not be included|must be left out|can be left out|"
    "are excluded|are ignored|are dropped|get dropped|are of no interest|have to go|must go|need to be removed|need to be dropped|"
    "should be discarded|are irrelevant|should be filtered out|don't matter|do not matter|must not be included|must be ignored|are left out|"
    "should not count|must not count|should not be counted|are removed|do not belong in the result|don't belong in there|do not belong there|"
    "must be skipped|can be skipped|are not relevant|are out"
)
WANTED = phrases(
    "should be kept|should stay|stay|are kept|are needed|are wanted|count|matter|are relevant|are of interest|should be included|are included"
)
FROM_THE_DATA = phrases("from the data|from the table|from the result|from the rows|from it|from the list|from there|in the result")
PLACED = phrases("placed|made|based|located|that come|coming|registered|that are|which are")
EMPTY_ROWS = phrases(
    "empty rows|completely empty rows|rows that are completely empty|fully empty rows|blank rows|rows in which everything is missing|"
    "rows where everything is missing|rows where all columns are missing|rows where all values are missing|entirely empty rows|empty lines"
)
AND = phrases("and|or|as well as|and also|or also|plus|nor")
FROM = phrases("from|in|of|for|by|of type|of kind")
WITH_ANY_MISSING_VALUE = phrases(
    "with any missing value|with missing values|with any missing values|with a missing value|that have any missing value|"
    "that have missing values|with missing data|with nulls|with any null|containing missing values|with a missing value in any column|"
    "that have a missing value in any column|with any empty cell|with empty cells|having missing values|where any value is missing|"
    "with null values|with any missing data|where any column is missing|with at least one missing value|with blanks|that are incomplete|"
    "with missing value|with anything missing|that contain missing values|with missing values in any column"
)
THOSE = phrases("those|rows|any|all|the ones|ones|everything|records|entries|the rows|lines|any rows|all rows|readings")
KEEP_2 = phrases("keep|include|consider|use|count|want|need")
EXCEPT = phrases("except for|except|but not|but|apart from|other than|save for|with the exception of|excluding|excepting|besides")
ALL_WE_NEED = phrases(
    "are all we need|are all i need|are all that we need|are all that i need|are the only ones we need|are the only ones that matter|"
    "are the only ones that count|is all we need|are all that matters|are the only ones of interest|are the only ones i need|are all we want"
)
