"""Wordings of `reshape`."""

from tidemill.domain.grammar.vocabulary import phrases

JOINERS = phrases(
    ",|and|;|with|so that|there is|there are|that has|having|it|them|the|showing|where|put|in the cells|as|into a table|to wide format|"
    "to a table|the table|a table|that|has|is|of|should be|we have|we get|:|each cell holds|each cell|holds|hold|the cells|cells|"
    "in each cell|contain|shows|to wide|into wide format|the values|the result|to get|the data|you get|i get|are|filled with|be|should hold|"
    "should show|show|in the cell|table|per cell|go in the cells|a wide table|into a wide table|-|(|)|values are|values|value is|values =|=|"
    "value|cell values are|using"
)
NAME_PARTS = phrases(
    "column name|column names|the column name|name|names|the name|the column names|the names|column names go|variable|header|the header|"
    "the old column name|name of the column|the name of the column|their names|the headers|headers|the former column name|"
    "the original column name|the names of the columns|the month name|the former column names"
)
VALUE_PARTS = phrases(
    "value|values|the value|the values|their values|the cell value|the cell values|the numbers|cell values|the number|the figures|cells|the cells"
)
MAKE = phrases("make|build|create|turn it into|i want|we want|give me")
ONE_ROW_PER = phrases(
    "one row per|a row per|one row for each|a row for each|rows per|row per|one line per|index by|index|indexed by|one row for every|"
    "rows are|rows =|rows by|rows :|rows for|single row per|each row is a|one row each|"
    "per|for each"
)
ONE_COLUMN_PER = phrases(
    "one column per|a column per|one column for each|a column for each|columns per|column per|one column for every|columns are|columns =|"
    "columns by|columns from|columns :|columns for|column for each|columns"
)
FILL_EMPTY_CELLS_WITH = phrases(
    "fill empty cells with|empty cells with|empty cells get|fill missing cells with|empty cells become|fill gaps with|"
    "missing combinations with|empty cells are|fill the gaps with|empty cells should be|missing cells with|cells without rows get|"
    "fill missing with|fill with|filling empty cells with|missing combinations get|empty cells as|fill the empty cells with|use|"
    "fill empty ones with|fill missing combinations with|cells without rows are|empty cells hold|empty cells should hold|"
    "empty cells should show|empty cells show|where there is nothing put|if there is none put|fill blanks with|fill the empty ones with|"
    "empty cells|empty cells being|"
    "missing cells as|missing cells become|missing cells are|missing cells get"
)
LEAVE_EMPTY_CELLS_EMPTY = phrases(
    "leave empty cells empty|empty cells stay empty|leave the empty cells empty|empty cells remain empty|leave missing cells empty|"
    "leave them empty|cells without rows stay empty|leave empty cells missing|empty cells stay missing|leave cells without rows empty|"
    "cells without data stay empty|cells without a value stay empty|cells with no data stay empty|cells without data are empty|"
    "cells with no rows stay empty"
)
IN_THE_CELLS = phrases(
    "in the cells|as values|as the values|as cell values|as the value|in each cell|in the cell|as cells|as value|in every cell|"
    "as the cell value|inside the cells|in cells"
)
AS_ROWS = phrases(
    "as rows|in the rows|as the rows|as row|down the side|goes down|as index|as the index|on the rows|in rows|down|as the row|to rows|"
    "goes in the rows"
)
AS_COLUMNS = phrases(
    "as columns|in the columns|as the columns|as column|across the top|goes across|across|on the columns|in columns|become columns|"
    "as column headers|into columns|become the columns|as the column|turned into columns|to columns|as the column headers|goes in the columns"
)
STAY_EMPTY = phrases(
    "stay empty|remain empty|are left empty|should stay empty|are empty|stay missing|can stay empty|empty|may stay empty|stay blank|"
    "should be empty|should remain empty"
)
GET = phrases(
    "get|become|are|should be|show|should show|hold|should hold|contain|should contain|count as|with|are filled with|should be filled with|should get"
)
TABLE = phrases("the table|it|the data|to long format|into long format|from wide to long|the table to long format|to long")
KEEP = phrases(
    "keep|keeping|leave|the other columns stay|all other columns stay|other columns stay as they are|everything else stays|the rest stays|"
    "the others stay|the other columns stay as they are|id columns"
)
PIVOT = phrases(
    "pivot|pivot the rest|pivot the rows|pivot the data|pivot the result|pivot the table|pivot table|cross-tab|crosstab|cross tabulate|"
    "spread|pivoted|cross table|cross-table"
)
FOR_EMPTY_CELLS = phrases(
    "for empty cells|in empty cells|for missing combinations|where there is nothing|for the empty cells|in the empty cells|where there are no rows"
)
CELLS = phrases("cells|empty cells|the empty cells|empty ones|missing cells|missing combinations|leave empty cells|leave cells")
UNPIVOT = phrases("unpivot|melt|turn|reshape|gather|stack|make long|turn into rows|transform|bring|convert")
COLUMNS = phrases(
    "columns|two columns|new columns|the columns|into|into the columns|into columns|as|one column|giving|the new columns are|"
    "giving the columns|to|a column|into two columns|and two columns|"
    "into rows with|into rows with the columns|rows with|into the two columns|two new columns|into two new columns|into rows of"
)
INTO_ROWS = phrases(
    "into rows|to rows|into long format|from columns into rows|into a long table|to long format|into long form|into one row each|"
    "from wide to long|to long"
)
MARKS = phrases(",|;|:|and|with|so that|where|(|)|-|–|.")
STAY = phrases(
    "stay|stays|remain|are kept|stay as they are|is kept|stays as it is|are ids|are the id columns|stay unchanged|are identifiers|remains|"
    "remain as they are|stay as columns|are repeated|stay in place|stays in place"
)
DATA = phrases("data|rows|value|values|row|entries|entry")
GOES_INTO = phrases(
    "goes into|go into|goes to|go to|into|in|to|as|becomes|become|->|=>|=|called|is called|goes in|go in|should be called|are called|named|"
    "column|in a column called|into a column called|land in|lands in|go in a column called|goes in a column called|goes into a column called|"
    "go into a column called|ends up in|end up in|being|as column|is|are|should go into|goes into the column|go into the column|should go to|"
    "into the column|shall be called|will be called|to be called"
)
FOR_THE_COLUMN_NAME = phrases(
    "for the column name|for the name|(the column name)|(column name)|(the old column name)|for the column names|(name)|for the names|"
    "(the name)|with the column name|holding the column name|with the old column name|with the name|for the former column name|"
    "for the old column names|for the old column name"
)
FOR_THE_VALUE = phrases(
    "for the value|(the value)|(value)|for the values|with the value|holding the value|with the values|(the values)|for the number|for the numbers"
)
FOR_THE_VALUE_2 = phrases("for the value|(the value)|(value)|for the values|with the value|with the values|holding the value")
