"""Wordings of `clauses`."""

from tidemill.domain.grammar.vocabulary import phrases

OPENINGS = phrases(
    "the file should be|it should be|the result should be|the list should be|the table should be|the output should be|the rows should be|"
    "i'd like|i would like|we'd like|they should be|these should be|rows should be|please|could you please|could you|can you please|"
    "can you|would you please|would you|i want you to|i would like you to|i'd like you to|"
    "we need to|we want to|i need to|we would like to|i'd like to|you should|you need to|then you|make sure to|be sure to|first of all|"
    "to start with|to begin with|first|second|third|next|then|finally|lastly|at last|in the end|at the end|after that|after this|afterwards|"
    "after which|once that is done|when that is done|also|and|but|so|now|additionally|in addition|furthermore|moreover|from there|with that|"
    "and then|last|from that|of these|of those|from these|from those|among these|for this|for that|for the rest|of the rest|with the rest|"
    "of what is left|of what remains|from what is left|on top of that|besides|step|it should|it must|the pipeline should|the pipeline must|"
    "the pipeline|we should|i would like to|we'd like to|i want to|just|simply|let us|let's|in a second step|in a first step|"
    "in the next step|as a first step|as a last step|in a last step|in the result|in the end result|from the result|on the result|"
    "with the result|in the data|in this data|in the output|before anything else|at first|go on to|we then|i then|we|you|which|that|there|"
    "here|in it|in that file|in this file|in the file|in that table|from it|from this|from this file|it then|it|with these|with those|"
    "with it|out of these|out of those|for these|on these|to do this|to this end|all in all|to finish|to finish off|meanwhile|therefore|"
    "accordingly|that done|this done|having done that|thereafter|subsequently|secondly|thirdly|firstly|after grouping|after joining|"
    "after the join|after filtering|after sorting|after aggregating|once joined|once grouped|after combining|after that step|"
    "after the grouping|that means|in other words|e.g|ok|okay|right|well|kindly"
)
CLOSINGS = phrases(
    "replacing what is there|overwriting what is there|replacing the old file|overwriting the old file|replacing the old one|"
    "as well|too|please|first|afterwards|again|for me|for us|if possible|then|at the end|in the end|also|instead|from now on|at last|only|"
    "thanks|thank you|accordingly|next|and|now|as usual|thereafter|finally|as always|at first"
)
IN = phrases("in|from|of|for|on|within|with")
ONLY = phrases("only|last|first|that|which|it|there|next|then by|right")
