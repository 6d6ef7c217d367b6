"""Wordings of `joins`."""

from tidemill.domain.grammar.vocabulary import phrases

DO_A = phrases("do a|make a|use a|do an|perform a|perform an|with a|as a")
OF = phrases(
    "of|it|them|both|these|that|together|:|the result|the two|the two files|the two tables|the files|the tables|both tables|both files|"
    "the rows|the two of them|this"
)
WITH = phrases("with|to|and|onto|against|by adding|on to|together with|,|&|plus|into|from|using")
IN_BOTH = phrases(
    "in both|in both files|in both tables|column|columns|on both sides|which both have|that both have|of both|that both files share|"
    "as the key|as key|they share|that they share|match|matches|is the same|are the same|agree|which is in both"
)
SO_THAT = phrases("so that|so|but|and|in which|where|such that|i.e.|-|–|meaning|that is")
KEEP_ALL_ROWS_OF = phrases(
    "keep all rows of|keep all|keep every|keeping all|keeping every|keep all of|keep all rows from|keep all rows in|keeping all rows of|"
    "keep also|keep all the|keeping all the|keeping all rows from|keep each"
)
ANY = phrases("any|all|also|even|the|those|also those|also the")
MATCHING = phrases(
    "matching|match in|match|corresponding|known|matching row in|partner in|match among|matches in|row in|entry in|matching entry in|"
    "counterpart in|match for|record in|matching record in"
)
ALL = phrases("all|the|those|all the|only|rows of|the rows of|all rows of|rows from|the rows from")
THAT_HAVE_NO = phrases(
    "that have no|without|without a|without any|with no|which have no|that do not have a|that do not have any|that never had a|who have no|"
    "that don't have a|that don't have any|having no|that are not in|not in|that do not appear in|which are not in|that don't appear in|"
    "who are not in|not found in|that are not found in|which do not appear in|that cannot be found in|not listed in|that are missing from|"
    "that are missing in|missing from|that do not occur in|for which there is no|that have not got a|who do not appear in|who never|"
    "that never appear in|for which there are no|with not a single|where there is no|that have never had a|who do not have a|"
    "which do not have a|absent from|that are not listed in|which are missing from|who don't have a|lacking a|lacking"
)
MATCHING_2 = phrases(
    "matching|match in|a match in|row in|matching row in|matching rows in|any|rows in|entry in|record in|corresponding|matches in|entries in|"
    "match among|single|matching entry in|matching record in|counterpart in"
)
COMBINE = phrases(
    "combine|union|stack|append|concatenate|put|merge|bring|join|add|pool|unite|collect|take|glue|make one table of|make one table from|"
    "build one table from|stick|pile|lump|paste|read|load|union all|gather|consolidate|bundle|throw|pull|get"
)
ROWS_OF = phrases("the rows of|all rows of|all|the|both|rows of|the rows from|all rows from|together")
FILE = phrases("the file|the files|file|the table|table|the tables|that of|files")
WHERE = phrases(
    "where|so that|with|matching|when|by matching|on|using|via|by|over|through|based on|joining|match|linked by|by joining|whenever|"
    "connecting|such that|linking|on the condition that|if|comparing|joined on|matched on|matched by|joined by|the key is|key is|key|"
    "linked on|matching on|the join key is|with the key|join on"
)
THE = phrases("the|common|shared|same|key|the key|column|the column|columns|matching|:|the columns|the common column|the shared column|join key")
EVEN_IF_THERE_IS_NO_MATCH = phrases(
    "even if there is no match|even those without a match|even without a match|even if they have no match|even the ones without a match|"
    "even when there is no match|also those without a match|even if nothing matches|including those without a match|"
    ", even those without a match|, even without a match|, also without a match|, even if there is no match|, matched or not|"
    "whether or not they match|also those without|, even if they have no match|, even when there is no match|, also those without a match|"
    "even if there are none|, even the ones without a match|also without a match"
)
STAY_IN_THE_LIST = phrases(
    "stay in the list|stay|are kept|remain|should stay|must stay|stay in|should be kept|must be kept|are kept too|stay in the result|"
    "are still listed|stay in the table|must not get lost|are not lost|should not get lost|remain in the list|should remain|still show up|"
    "show up too|still appear|must still appear|should still appear|are to be kept|should also be kept|stay as well|are still there|"
    "still there|don't get lost|do not get lost|are included|must remain|remain in the result|should not be lost|must not be lost|"
    "should stay in|should still be there|stay too|are kept as well|still stay in|should stay in the list|should be included|remain in|"
    "should also stay|should not drop out|are not dropped|must stay in the list|should stay in the result"
)
ARE_NOT_NEEDED = phrases(
    "are not needed|can go|should be dropped|are dropped|are left out|drop out|should be left out|can be dropped|are ignored|can be ignored|"
    "should go|are removed|are excluded|fall out|should be ignored|disappear|are not wanted|should be removed|can be left out|"
    "should be excluded|must be dropped|get dropped|are skipped|fall away|may go|should drop out|can drop out|do not matter|need not be kept|"
    "may be dropped|are of no interest"
)
WITHOUT = phrases(
    "without|that have no|with no|which have no|lacking|having no|who have no|for which there is no|where there is no|that do not have|"
    "not having|that don't have|with missing|that do not|that don't|that never"
)
ADD = phrases(
    "add|look up|bring in|get|pull in|attach|fetch|take|append|enrich it with|enrich with|lookup|add in|pull|enrich the rows with|"
    "enrich each row with|find|merge in|enrich"
)
DROP = phrases("drop|remove|exclude|ignore|leave out|discard|skip|throw out|delete|filter out")
KEEP_ONLY = phrases(
    "keep only|keep|only|find|list|show|we need|i need|only keep|give me|i want|we want|get|return|select|take only|i want only|we only want|"
    "we only need|we want only|pick"
)
THAT_HAVE_A = phrases(
    "that have a|with a|that have at least one|that are in|that appear in|which have a|with at least one|which are in|that occur in|found in|"
    "who have a|that are listed in|listed in|which appear in|for which there is a|that also appear in|that are also in|who appear in|"
    "that can be found in|who are in|that have"
)
TO = phrases("to|below|under|onto|on top of|underneath|beneath")
INTO_ONE_TABLE = phrases(
    "into one table|into a single table|into one|below each other|on top of each other|underneath each other|one below the other|"
    "together into one table|together|one under the other|under each other|in one table|as one table|into one list|into a single list|"
    "to one table|into one data set|into one dataset|into a single dataset|row-wise|into one long table|beneath each other|"
    "one after the other|vertically|into one big table|end to end|into one set|into one long list|in one list|into one file|"
    "into a single file|to a single table|as one|on top of one another|below one another|in a single table"
)
EQUALS = phrases(
    "equals|equal|=|==|matches|match|is|is the same as|is equal to|to|with|corresponds to|matching|and|->|matches the|is the|agrees with|"
    "against|belongs to|refers to|↔|points to|and the|being|meets"
)
FROM = phrases("from|of|out of|in|found in|which is in|that is in|that are in|with the help of|using")
IS_NOT_IN = phrases(
    "is not in|does not appear in|does not occur in|is missing from|isn't in|is not found in|has no match in|is not listed in|"
    "cannot be found in|is missing in|doesn't appear in|is not among|is not one of those in|never appears in|has no row in|is absent from|"
    "has no entry in|is not present in"
)
FILES = phrases("files|tables|lists|sources|them|sheets|exports|sets|data sets|datasets|both|of them|logs|inputs|parts|these|two")
IS_IN = phrases(
    "is in|appears in|occurs in|is found in|is listed in|has a match in|can be found in|is among|is present in|also appears in|is also in|"
    "is one of those in"
)
