"""Wordings of `casting`."""

from tidemill.domain.grammar.vocabulary import phrases

VERBS = phrases("convert|cast|turn|parse|change|change the type of|make|treat|read|interpret|transform|convert the text in")
MARKS = phrases(",|;|.|and|so|please|-|–")
WITH = phrases(
    "with|has|using|it has|it uses|they have|and uses|it contains|contains|uses|that has|because it has|remove|removing|in which|"
    "after removing|remove the|removing the|have|by removing|by removing the|without"
)
THOUSANDS_SEPARATORS = phrases(
    "thousands separators|thousand separators|a thousands separator|thousands separator|commas as thousands separators|"
    "comma as thousands separator|commas as thousands separator|comma thousands separators|thousands commas|commas for thousands|"
    "a comma as thousands separator|thousand separator|commas between the thousands|commas"
)
DOTS_AS_THOUSANDS_SEPARATORS = phrases(
    "dots as thousands separators|points as thousands separators|dot as thousands separator|a dot as thousands separator|dots for thousands|"
    "point as thousands separator|dots between the thousands|a point as thousands separator"
)
VALUE_THAT_CANNOT_BE_READ_BE = phrases(
    "a value that cannot be read becomes missing|values that cannot be read become missing|what cannot be read becomes missing|"
    "anything else becomes missing|unreadable values become missing|and treat unreadable values as missing|"
    "treating unreadable values as missing"
)
IS = phrases(
    "is|are|comes as|come as|is stored as|are stored as|is given as|are given as|is written as|holds|contains|is saved as|has|uses|"
    "looks like|is in|is written|are written|arrives as"
)
IT = phrases("it|them|that|these|this|both|those|the values|all of them|each")
DECIMAL_COMMA = phrases(
    "decimal comma|decimal commas|a decimal comma|comma as decimal separator|commas as decimal separators|comma as the decimal separator|"
    "a comma as decimal separator|comma for decimals|a comma for the decimals|comma as decimal mark|commas as decimal separator|"
    "comma decimals"
)
EURO_SIGNS = phrases(
    "euro signs|euro sign|dollar signs|dollar sign|currency signs|currency sign|currency symbols|currency symbol|pound signs|percent signs|"
    "percent sign|pound sign|$ sign|€ sign|$ signs|£ sign|€ signs|£ signs|% sign|% signs"
)
SUCH_AS = phrases(
    "they look like|it looks like|which look like|looking like|written like|they are written like|such as|e.g.|like|for example|for instance|e . g .|e.g|e . g"
)
IN_THE_FORMAT = phrases("in the format|format|in format|of the form|in the form|the format is|written|written as|formatted as|in|as|formatted")
LEAVE = phrases("keep|leave|treat|read|handle|preserve|please keep|have|let|take")
STAYS = phrases(
    "stays|stay|remains|remain|must stay|must remain|should stay|should remain|has to stay|have to stay|shall stay|needs to stay|is to stay|is|are|"
    "must be|should be|must be kept as|should be kept as|is kept as|are kept as|is read as|are read as|must be read as|should be read as|"
    "should be treated as|must be treated as|is treated as|counts as|is still|must not become anything but"
)
KEEPS_ZEROS = phrases(
    "keep the leading zeros|keep their leading zeros|keep its leading zeros|keeps its leading zeros|keeps the leading zeros|"
    "keeps their leading zeros|"
    "keep leading zeros|keeps leading zeros|leading zeros matter|leading zeros count|the leading zeros matter|leading zeros are important|"
    "leading zeros must stay|leading zeros stay|the leading zeros stay|the leading zeros must stay|"
    "must keep the leading zeros|must keep its leading zeros|"
    "must keep their leading zeros|should keep their leading zeros|should keep its leading zeros|should keep the leading zeros|has leading zeros|"
    "have leading zeros|with leading zeros|must not lose its leading zeros|must not lose their leading zeros|must not lose the leading zeros|"
    "with its leading zeros|with their leading zeros"
)
ZEROS_OF = phrases("the leading zeros of|the leading zeros in|leading zeros of|leading zeros in")
ARE_KEPT = phrases(
    "must be kept|are kept|stay|must stay|should stay|should be kept|matter|must not get lost|must not be lost|are important|have to stay"
)
NO_NUMBER = phrases(
    "not as a number|not a number|not as number|not as numbers|not numbers|never as a number|never a number|not as an integer|"
    "rather than a number|no number"
)
GERMAN_NUMBERS = phrases("german decimals|german numbers|german number format|german format|german decimal format|german notation")
