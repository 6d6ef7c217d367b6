"""Wordings of `places`."""

from tidemill.domain.grammar.vocabulary import phrases

PUTS = phrases(
    "write|save|put|store|output|export|dump|send|deliver|place|produce|create|generate|emit|persist|load|publish|drop|return|make|give|"
    "print|ship|record|file|hand over|provide|result|results|get|collect|build"
)
PER_LINE = phrases("per line|each line|per row|every line|each with|each day|every day|every night|every week")
CALL_IT = phrases("call it|call this|call that|and call it|name it|let us call it|called|named|known as|referred to as")
IN = phrases("in|into|as|to|with|and|using")
MARKS = phrases(
    "->|→|=>|to|into|in|as|the|result|results|output|everything|it|this|that|all|they|and|also|out|these|finally|i|we|both|destination|"
    "target|dest|a|one|csv|json|jsonl|parquet|sqlite"
)
