"""Wordings of `column_steps`."""

from tidemill.domain.grammar.vocabulary import phrases

ADD = phrases(
    "add|calculate|compute|derive|work out|create|add a column|add a new column|add the column|create a column|create a new column|"
    "make a column|make a new column|add column|add columns|new column|new columns|add a column called|add a column named|"
    "add a new column called|add a new column named|create a column called|create a column named|with a column|introduce|define|determine|"
    "set|add a field|add the field|make|a column|figure out|give each row a|give every row a|build|add another column|add the columns|put|"
    "insert a column|add two columns|add a column for|add an extra column|append a column|also add|we need a column|i need a column|"
    "include a column|let|produce|flag|there should be a column|get|form|label|add a computed column|also a column|an extra column|"
    "add a yes/no column|a new column|find|add a calculated column|generate|build a column|add a derived column|generate a column|"
    "compute a column|compute the column|calculate a column|calculate the column|compute a new column|calculate a new column|"
    "create the column|add new column|add the new column|insert|we want a column|create columns|introduce a column|introduce a new column|"
    "have a column"
)
EQUALS = phrases(
    "=|:|:=|as|is|which is|being|that is|equal to|equals|it is|holding|that holds|which holds|containing|with the value|defined as|"
    "computed as|calculated as|from|as the|->|which equals|that equals|with|to|given by|obtained as|to be|made of|should be|shall be|will be|"
    "which should be|for|made from|built from|is the|where it is|showing|consisting of|that contains|which contains|that shows|saying|"
    "by taking|set to|that says|which is the|, which is|, the|, as|by|←|that should be|computed from|must be|becomes|is just|simply|"
    "is simply|means|that gives|giving|based on|reading|worked out as|formed from|formed by|"
    "that|which"
)
NAMED = phrases(
    "as|called|named|call it|and call it|name it|->|→|in a column called|in a column named|in a new column called|in column|as column|"
    "and name it|as a column called|as a new column|under the name|into|in a new column|in a column|into a column called|as new column"
)
BASED_ON = phrases("based on|depending on|according to|going by|judged by|by")
SELECT = phrases(
    "keep only the columns|keep the columns|keep columns|keep only columns|select|select the columns|keep only|keep|only keep|"
    "only the columns|only columns|select columns|retain|retain the columns|only output|output the columns|the output has the columns|"
    "show only|take the columns|take only the columns|only keep the columns|reduce to the columns|we need the columns|"
    "we only need the columns|i only need the columns|columns|return|leave only the columns|restrict to the columns|output only the columns|"
    "show|pick|pick the columns|use only the columns|just keep|include only the columns|include the columns|we only need|i only need|"
    "output only|the result has the columns|the columns|the result should have the columns|use the columns|the columns we need are|"
    "the final columns are|final columns|only|limit the columns to|limit to the columns|include only|the output should have the columns|"
    "keep just the columns|keep just|project|project to|we want the columns|only need the columns|reduce it to the columns|only need|"
    "keep the fields|only show|retain only|retain only the columns|select only the columns|select only|in the output keep|"
    "the file should have the columns|the output should contain the columns|the output should contain only|the output needs the columns|"
    "we want only the columns|only include the columns|only include|only return|only show the columns"
)
MISSING = phrases(
    "missing|empty|null|blank|any missing|missing values in|missing values of|empty values in|nulls in|blanks in|the missing|"
    "missing values for|the missing values in|empty cells in|gaps in|missing value in|the missing values of|null values in|the gaps in|"
    "missing entries in|blank values in|the blanks in|the nulls in|any missing values in|any empty|any blank|empty entries in|a missing|"
    "an empty|na in|all missing"
)
FILL = phrases(
    "fill|fill in|replace|fill up|set|substitute|impute|put|use|treat|default|turn|make|change|write|fill the|fill in the|count|read|regard"
)
COLUMN = phrases("a column|a new column|column|the column|another column|another|add|also")
NEW_COLUMN = phrases(
    "a new column|a column|the column|new column|column|a new field|a field|field|an extra column|columns|the new column|another column|"
    "a flag|flag|a label|a boolean column|a boolean|a yes/no column|a text column|a number column|a|an"
)
BAND = phrases("band|bands|bucket|buckets|class|classes|a band|the band|the bands|a label")
IS = phrases("is|are|->|=>|→|:|=|then|becomes|gets|counts as|we call|should be|called|as|means|get|goes to")
DROP_ALL_COLUMNS_EXCEPT = phrases(
    "drop all columns except|remove all columns except|drop everything except|remove all columns but|drop all columns but|"
    "drop every column except|drop all other columns except|remove all other columns except|drop all the columns except|"
    "remove every column except"
)
ONLY = phrases("only|just|these|the following|in this order|the columns|columns|:")
COLUMNS = phrases("columns|column|the columns|the column|fields|field|the fields|the field|helper columns|helper column")
FROM_THE_RESULT = phrases("from the result|from the output|from the table|from it|again|afterwards|from the data")
VALUE = phrases("the value|the text|a|the word|the number|value|text")
WHERE_IT_IS_MISSING = phrases(
    "where it is missing|if missing|when missing|where missing|if it is missing|when it is missing|instead|if it is empty|in the output"
)
IS_MISSING = phrases("is missing|are missing|is empty|is blank|is null|is not given|is not there")
LOWERCASE = phrases(
    "lowercase|uppercase|lower-case|upper-case|lower|upper|make|turn|convert|put|change|write|set|bring|trim and lowercase|"
    "trim and uppercase|transform|normalise|normalize|strip and lowercase"
)
AND_MAKE_IT = phrases(
    "and make it|and turn it into|and convert it to|and make them|and convert them to|and put it in|and turn them into|and change it to|"
    "and put them in"
)
FOR_EACH = phrases("for each|per|for every|within each|by|in each|within")
AS = phrases(
    "as|called|named|and call it|call it|->|→|=>|into|and name it|name it|as a new column|in a new column|as column|and store it as|"
    "and store it in|as a column|in a column called|into a column called|and call that|and call the result|as new column|calling it|"
    "as a new column called|in a new column called|as a column called|into a new column|to get|to give|giving|in a column|in the column|"
    "in column|into a column|into the column|and store the result as|and put it in|and save it as|to obtain"
)
OTHERWISE_FALSE = phrases("otherwise false|else false|and false otherwise|false otherwise|or not|and false if not|false if not")
MARKS = phrases(":|,|-|–|(|as|into|in")
RENAME = phrases(
    "rename|rename the column|rename the columns|rename column|rename columns|change the name of|change the column name|rename the field|"
    "change the header"
)
IN_THIS_ORDER = phrases(
    "in this order|in that order|in the order given|and drop the rest|and nothing else|only|drop the rest|columns|and drop everything else|"
    "and drop all other columns|and no other columns|drop the other columns|and drop the others|and drop the other columns|nothing else|"
    "and remove the rest|and leave out the rest|in exactly this order|and no others|and discard the rest|the rest can go|the others can go|"
    "the rest is not needed|the rest are not needed|and remove all others|and no more|in that sequence|and ignore the rest"
)
WITH = phrases(
    "with|by|to|as|becomes|->|=|into|using|is|should be|should become|become|→|=>|get|gets|should read|means|count as|counts as|"
    "should count as|are|will be|should be set to|should be replaced with|should be replaced by|should be filled with|is set to|are set to|"
    "being|should get"
)
WHERE = phrases("where|if|when|wherever|missing|a missing|empty|rows without|every missing|whenever|the missing|any missing|all missing")
PUT = phrases(
    "put|use|write|set it to|fill in|insert|fill it with|make it|set|it should be|take|use the value|enter|it becomes|treat it as|it is|show|"
    "replace it with|replace it by|it counts as|fill with|put in|assume|count it as|it should say|set them to|fill them with"
)
TRIM = phrases(
    "trim|strip|trim spaces from|strip spaces from|remove surrounding spaces from|trim whitespace from|strip whitespace from|"
    "remove leading and trailing spaces from|trim the spaces around|trim whitespace around|trim spaces around|"
    "strip leading and trailing spaces from|trim the spaces from|trim the whitespace from|remove leading and trailing whitespace from|"
    "remove the spaces around|trim the whitespace around|cut the spaces around|trim leading and trailing spaces from|trim the|"
    "remove spaces around|remove extra spaces around"
)
OTHERWISE = phrases(
    "otherwise|else|for the rest|for everything else|above that|in all other cases|above|for all others|from there on|for all other rows|"
    "for anything else|if not|for others|beyond that|beyond|for the others|in other cases"
)
IF = phrases("if|for|when|where|means|is|=|:|(")
IT_IS = phrases("it is|values|the value is|scores|anything|a value|everything|amounts|with")
TO = phrases("to|as|into|->|=>|→|=|:|becomes|is called|should be called|to be|is now|should be")
KEEP_EVERYTHING_EXCEPT = phrases(
    "keep everything except|keep all columns except|keep all columns but|select all columns except|keep all but|keep everything but|"
    "all columns except|drop|remove|delete|discard|leave out|get rid of|omit|throw away|we don't need|we do not need|exclude|strip|hide|"
    "throw out|take out|do not keep|don't keep|i don't need|don't output|leave off"
)
DEFAULTS_TO = phrases("defaults to|default to|default is|is filled with|should be filled with|should default to|missing ->|missing =|missing becomes")
AS_2 = phrases("as|in a column called|in column|in a column|in a new column|in a new column called|in the column")
ADD_2 = phrases("add|calculate|compute|number|rank|work out|also|create|we need|i need|we want|i want|show|determine")
IS_MISSING_2 = phrases(
    "is missing|are missing|is empty|is blank|is null|is not given|is not there|has no value|is not set|is absent|are empty|is not filled in|"
    "is unknown"
)
ALL_OTHERS = phrases(
    "all others|all other rows|the others|the rest|others|everything else|all the others|all the rest|the other rows|the other ones|other rows|"
    "all the other rows"
)
FOR_ROWS_WHERE = phrases(
    "where|if|when|for rows where|in rows where|for all rows where|in all rows where|wherever|whenever|for those where|for rows with|"
    "for all rows with|for rows whose"
)
