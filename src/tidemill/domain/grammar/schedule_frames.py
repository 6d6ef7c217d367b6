"""The words around a schedule: labels, requests to run, and what tells a schedule from a description of the data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Words:
    """A pattern that is compiled when it is first used, as most briefs need few of them."""

    pattern: str

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE | re.DOTALL)


TALK = re.compile(
    r"\*|@|\b(?:every|each|daily|everyday|nightly|hourly|minutely|weekly|monthly|quarterly|yearly|annually|fortnight\w*|bi-?\w+ly|semi-?\w+ly|"
    r"once|twice|thrice|\d\s+times|when\w*|weekdays?|weekends?|work(?:ing)?[- ]?days?|business\s+days?|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|"
    r"schedul\w+|cron\w*|run\w*|trigger\w*|execut\w+|refresh\w*|update\w*|repeat\w*|launch\w*|event\w*|manual\w*|start|kick|how\s+often|"
    r"(?:on|by)[- ](?:demand|hand|request|event)|ad[- ]hoc|as\s+needed|time\s?zone|tz|all\s+times|missed|frequency|cadence|timing|interval|"
    r"recurrence|mornings?|evenings?|(?:of|in)\s+(?:the|a)\s+(?:month|quarter)|(?:mon|tue|wed|thu|fri|sat|sun)\b)",
    re.IGNORECASE,
)
"""Some word without which a sentence speaks of no schedule; spares most sentences the rest."""

BULLET = Words(r"\s*(?:[-*•>+]\s+|\d{1,2}[.)]\s+|[a-z][.)]\s+)*[*_]*")
LABEL = Words(
    r"(?:(?:run|execution|refresh|pipeline|job|proposed)\s+)?"
    r"(?P<word>schedul(?:e|ing)(?:\s*(?:/|and|&)\s*trigger)?|trigger(?:\s*(?:/|and|&)\s*schedule)?|frequency|cadence|timing|recurrence|how\s+often|"
    r"interval|when(?:\s+to\s+run)?|runs?(?:\s+(?:at|on|time|times))?|execution|execute|cron(?:tab)?(?:\s+(?:expression|line|schedule))?|"
    r"time\s?zone|tz|event|missed\s+runs?)\s*[*_]*\s*(?::|=|\?|\s[-–—]\s)\s*[*_]*\s*"
)
SURE_LABEL = Words(r"schedul|trigger|how\s+often|cron|time\s?zone|tz|missed")
"""Labels that nothing but a schedule stands after."""
SELF_READING = ("time", "tz", "event", "missed")
"""Labels that belong to the phrase itself (`time zone: UTC`), so that the phrase is read from the label on."""

_RUNNER = (r"(?:(?:all\s+(?:of\s+)?)?(?:this|it)|everything|(?:the|this|our|my)\s+(?:(?:whole|entire|complete|full|new|data)\s+){0,2}"
           r"(?:pipeline|job|workflow|process|flow|script|report|thing|run|etl)s?)")  # fmt: skip
_MADE = (r"(?:(?:the|this|our|my)\s+(?:(?:whole|entire|complete|full|new|final)\s+){0,2}(?:summary|result|output|table|file|dashboard|extract|list|"
         r"numbers|figures|data)s?)")  # fmt: skip
THING = rf"(?:{_RUNNER}|{_MADE})"
_DO = r"(?:run|execute|schedule|trigger|repeat|launch|start|kick\s+off|refresh|update|rebuild|regenerate|rerun|re-run|do)"
_RUNS = r"(?:run|runs|running|executed?|executes|scheduled?|triggered?|launched|started?|starts|kicked\s+off|repeated|repeats?|happen|happens)"
_DONE = (rf"(?:{_RUNS}|refreshed|refreshes|refresh|updated?|updates|rebuilt|regenerated|recomputed|done|produced|ready|there|available|finished|"
         r"in\s+place|up\s+to\s+date|fresh)")  # fmt: skip
WISH = (r"(?:should|must|needs?\s+to|has\s+to|have\s+to|shall|will|is\s+to|ought\s+to|is\s+supposed\s+to|is\s+meant\s+to|is\s+expected\s+to|would|"
        r"may|can|should\s+only|must\s+only|will\s+only)")  # fmt: skip
_BE = r"(?:be\s+|get\s+|to\s+be\s+|only\s+|always\s+|automatically\s+|to\s+)*"
_EXTRA = r"(?:\s+(?:be|get|only|always|automatically|itself|to\s+be|to\s+run|run|unattended|once\s+more))*"
_LEAD = r"(?:please\s+|only\s+|then\s+|and\s+|also\s+|just\s+)*"
FRAME = Words(
    rf"\b(?:{_LEAD}(?:{_DO}\s+(?:{_RUNNER}|{_MADE}(?<!numbers)(?<!figures)(?<!data)(?<!list)|that)|kick\s+(?:it|this|everything)\s+off){_EXTRA}"
    rf"|(?P<bare>{_LEAD}(?:{_DO}|runs|running|scheduled|triggered|executed|executes)){_EXTRA}"
    rf"|{_RUNNER}\s+(?:is|are|gets?)?\s*{_BE}{_RUNS}{_EXTRA}"
    rf"|{THING}\s+{WISH}\s+{_BE}{_DONE}{_EXTRA}"
    rf"|(?P<wish>{WISH}|to)\s+{_BE}{_DONE}{_EXTRA}"
    rf"|(?:I|we)(?:['’]d|\s+would)?\s+(?:like|want|need|prefer)(?:\s+to\s+(?:have|get))?(?:\s+{THING})?(?:\s+to)?(?:\s+be)?(?:\s+{_DONE})?{_EXTRA}"
    rf"|(?:have|let|make|set|get)\s+{THING}(?:\s+up)?\s+(?:to\s+)?{_DONE}{_EXTRA}"
    r"|use\s+(?:the\s+)?(?:schedule|cron)|(?:the\s+)?(?:schedule|cron(?:\s+(?:line|expression))?|trigger)\s+(?:is|should\s+be|to))"
    r"(?=[\s:,(]|$)(?!\s*=)[:,]?\s*"
    r"(?:(?:for|as|with|to)\s+(?=[\"'`(@*]|(?:every|each|daily|the\s+(?:cron|first|\d)|week|mon|tue|wed|thu|fri|sat|sun)))?"
)
"""A request to run, directly before its schedule. `bare`: a verb alone, which counts at the beginning of a clause only."""
FOR_EACH = Words(r"^(?!.*(?:schedul|need|want|like)).*\bfor\s+(?:every|each)\b")
"""`Do it for each day` is about the data; `schedule it for every Friday` is not."""
CLAUSE_START = Words(r"(?:^|[.;:,)•*-]|\b(?:can|could|would|will)\s+you|\bit|\bplease)\s*(?:and\s+)?$")
NEGATED = Words(r"(?:\bnot|n['’]t|\bnever|\bno\s+need(?:\s+to)?|\bwithout|\brather\s+than|\binstead\s+of)(?:\s+\w+)?\s*$")

DESCRIBES = Words(
    r"\b(?:which|who|whose|that|where|upstream|system|they|is|are|was|were|be|been|being|of|for|per|by|from|over|in|if|than|within|the|a|an|called|"
    r"named|"
    r"taken|recorded|measured|logged|exported|written|produced|generated|updated|refreshed|arriving|made|placed|created|received|sent|collected|"
    r"delivered)\s*$|\b(?:which|who|whose|that)\s+(?:is|are|was|were|gets?|has|have|runs?|comes?|arrives?|lands?)\b|\bthat\s+\w+s\b"
)
"""Words before a time that make it one of the data: "readings taken", "the file that is written"."""

_ACTIONS = (
    r"(?:please\s+|then\s+|and\s+|finally,?\s+|(?:we|i|you)\s+(?:should|must|need\s+to|want\s+to)\s+)*"
    r"(?:load|read|fetch|take|pull|import|get|grab|refresh|rebuild|run|produce|create|generate|send|export|deliver|publish|build|write|save|update|"
    r"download|collect|copy|move|sync|extract|store|put|output|join|combine|merge|append|make|compute|calculate|prepare|ingest|report|summari[sz]e)\b"
)
CONTINUES = Words(rf"\s*(?:[,;:.–—-]+\s*|and\s+|then\s+|to\s+|we\s+|i\s+)*(?:{_ACTIONS}|{THING}\s+{WISH}\b)")
"""What may follow a schedule and begins something new."""
IMPERATIVE = Words(_ACTIONS)
OPENER = Words(
    r"\b(?:every|each|daily|nightly|hourly|weekly|monthly|quarterly|yearly|annually|once\s+(?:a|per)|twice|at\s+\d|weekdays|"
    r"on\s+(?:weekdays|weekends|the\s+\d|the\s+first|\w+days\b)|(?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:up)?on\s+(?:the\s+)?event|"
    r"when(?:ever)?\s)"
)
FIRST_OPENER = Words(r"(?:(?:on\s+)?(?:every|each|daily|nightly|weekly|monthly|at|when\w*|upon|on\s+(?:the\s+)?event)|(?P<on>on))\b")
WRITES = Words(r"(?:please\s+|then\s+|and\s+|finally,?\s+)*(?:save|write|send|publish|deliver|refresh|update|export|load|read|import|fetch|"
                    r"pull|download)\b")  # fmt: skip
TARGET = Words(r"\b(?:table|sheet|file|tab|database|folder|called|named|to|as|into|in)\s*[\"'`]?$")

_BY_HAND = (
    rf"(?:(?:i|we)(?:['’]ll|\s+will|\s+shall|\s+want\s+to|\s+can)?|(?:someone|somebody)\s+will)\s+(?:just\s+|always\s+)?(?:run|start|launch|trigger|kick\s+off|do|execute)\s+"
    rf"(?:{_RUNNER}|this|that|them)\s+(?:by\s+hand|manually|myself|ourselves|on\s+demand)"
    r"(?:\s+(?:when(?:ever)?|if|as)\s+(?:(?:we|i)\s+need\s+it|needed|necessary|required))?"
)
_NO_SCHEDULE = (
    r"(?:please\s+)?(?:do\s+not|don['’]t|(?:there\s+is\s+)?no\s+need\s+to|never)\s+(?:ever\s+)?(?:schedule|(?:run|start|trigger)(?=\s+(?:\w+\s+){0,2}"
    rf"(?:automatically|on\s+a\s+schedule)))(?:\s+(?:{_RUNNER}|anything))?(?:\s+(?:automatically|on\s+a\s+schedule))?"
    rf"|(?:{_RUNNER}\s+|we\s+|i\s+)?(?:(?:does\s+not|doesn['’]t|do\s+not|don['’]t)\s+need\s+(?:a\s+|any\s+)?|needs?\s+no\s+)(?:schedule|"
    rf"to\s+be\s+scheduled)"
    rf"|{_BY_HAND}|(?:(?:there\s+is|we\s+need|i\s+need|(?:this|it)\s+(?:needs|has)|(?:it|this)\s+is\s+a\s+one-off)[,:]?\s+)?(?:one-off[,:;]?\s+)?"
    rf"(?:no|not\s+any)\s+schedul(?:e|ing)?(?:\s+(?:is|at\s+all))?(?:\s+(?:needed|required|necessary))?(?:\s*[,;:–-]\s*(?:as\s+|since\s+|because\s+)?{_BY_HAND})?"
    rf"|(?:a\s+|the\s+)?schedul(?:e|ing)\s+is\s+not\s+(?:needed|required|necessary)(?:\s*[,;:–-]\s*{_BY_HAND})?"
    rf"|{_RUNNER}\s+(?:does\s+not|doesn['’]t|need\s+not|needn['’]t)\s+(?:have\s+to\s+|need\s+to\s+)?(?:run|be\s+run)\s+on\s+(?:a|any)\s+schedule"
    rf"|nothing\s+(?:needs?|has)\s+to\s+be\s+scheduled|{_RUNNER}\s+(?:is|are)\s+not\s+(?:to\s+be\s+)?scheduled"
)
UNSCHEDULED = Words(rf"\s*(?:{_NO_SCHEDULE})\s*(?:for\s+now|yet|please)?\s*[.!]*\s*$")
NOTHING = Words(r"(?:none|no|n/?a|-+|never|not\s+(?:needed|required|scheduled)|nothing)(?:\s+(?:needed|required|yet|for\s+now|schedule))*")
_POLITE_WORD = r"(?:can|could|would|will|you|please|(?:we|i)(?:['’]ll|['’]d)?|let['’]?s|kindly|also|and|then|so|just|finally|lastly)"
POLITE = Words(rf"{_POLITE_WORD}(?:,?\s+{_POLITE_WORD})*,?")
"""What may be left over before a schedule without asking for anything."""
BLANK = Words(r"[\s.!?,;:*_)\]\"'`”]*")
