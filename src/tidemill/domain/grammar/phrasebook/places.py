"""Wordings of `places`."""

from tidemill.domain.grammar.vocabulary import phrases

PUTS = phrases(
    "write|save|put|store|output|export|dump|send|deliver|place|produce|create|generate|emit|persist|load|publish|drop|return|make|give|"
    "print|ship|record|file|hand over|provide|result|results|get|collect|build"
)
PUTS_ASIDE = phrases(
    "leave|keep|name|call|let me have|let us have|have|hand me|hand us|we want|i want|we need|i need|i would like|we would like|i'd like"
)
LEFT = phrases(
    "what is left|what's left|what remains|whatever is left|whatever remains|everything that is left|everything that remains|all that is left|"
    "all that remains|all of it|all of this|all of them|all this|all that|which are left|that are left|that is left"
)
IS_WHERE = phrases(
    "is where|is the place for|shall hold|should hold|will hold|is to hold|gets|receives|should get|should contain|is to contain|will contain"
)
LOOK_AT = phrases("have a look at|take a look at|look at|look into|look in")
PER_LINE = phrases(
    "one per row|one per line|every morning|every evening|each morning|each evening|each night|every month|each month|each week|every hour|each hour|"
    "every quarter|each quarter|every monday|every friday|every sunday|each row|each record|each entry|each object|every row|every record|"
    "every entry|per line|each line|per row|every line|each with|each day|every day|every night|every week"
)
CALL_IT = phrases("call it|call this|call that|and call it|name it|let us call it|called|named|known as|referred to as")
IN = phrases("in|into|as|to|with|and|using")
MARKS = phrases(
    "->|→|=>|to|into|in|as|the|result|results|output|everything|it|this|that|all|they|and|also|out|these|finally|i|we|both|destination|"
    "target|dest|a|one|csv|json|jsonl|parquet|sqlite"
)
