"""What needs no step: greetings, titles, wishes that every pipeline fulfils."""

from __future__ import annotations

import re

from tidemill.domain.grammar.vocabulary import word_list

_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hiya|hallo|morning|afternoon|greetings|howdy)\b[\w .'’&-]{0,40}[,!.:]?",
    re.IGNORECASE,
)
_THANKS = re.compile(r"(?:(?:many |a lot of )?thanks?|thank you|thx|ta|cheers|much appreciated|appreciate it)\b[^.;:]{0,60}[.!,]*", re.IGNORECASE)
_SIGN_OFF = re.compile(
    (
        r"(?:kind(?:est)? regards|best regards|warm regards|regards|best wishes|all the best|best|"
        r"cheers|sincerely|yours(?: sincerely| truly| faithfully)?|thanks|thank you|thx|many thanks|"
        r"many greetings|greetings|bye|see you|br|rgds|love|take care|talk soon|with kind regards|"
        r"yours ever|have a (?:nice|good|great|lovely) [\w ]{1,20})[,.!]*(?:\s+[A-ZÀ-Þ][\w.-]*){0,"
        r"3}[.!]?"
    ),
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"(?:i )?hope (?:you(?:'re| are)?|all is|this finds|your|the)\b[^;:]{0,80}|how are you\b.{0,30}|as (?:discussed|"
    r"agreed|promised|mentioned)\b[^;:]{0,100}|let me know if\b.{0,60}|(?:any )?questions\?.{0,40}|just (?:ask|"
    r"shout|call|ping)\b.{0,40}|no rush.{0,30}|quick (?:one|question|request)\b.{0,50}|sorry (?:for|to|about)\b.{0,"
    r"80}|"
    r"thanks for\b.{0,80}|i owe you\b.{0,40}|here(?:'s| is| are) (?:what|the steps|my|our|the)\b.{0,60}|that(?:'s|"
    r" is| will be| would be) (?:all|it|everything)\b.{0,30}|that would be (?:great|lovely|super|perfect)\b.{0,"
    r"20}|(?:what|here's what) (?:i|we) need\b.{0,20}|have a (?:nice|good|great|lovely)\b.{0,30}|see you\b.{0,"
    r"40}|talk soon.{0,10}|"
    r"(?:this|it) (?:is|would be) (?:a )?(?:great|huge) help\b.{0,20}",
    re.IGNORECASE,
)
_INTRO = re.compile(
    (
        r"(?:please )?(?:i (?:need|want|would like)|we (?:need|want)|can you |could you )?(?:please "
        r")?(?:to )?(?:create|build|make|set up|design|write|set up|generate|draft|prepare)?\s*(?:me "
        r"|us )?(?:a|an|the|my|our)?\s*(?P<name>[\w&' /-]{0,60}?)\s*(?:data )?(?:pipeline|workflow|"
        r"etl job|etl|data flow)\b(?P<rest>[^.]{0,120})[:.]?"
    ),
    re.IGNORECASE,
)
_GUARANTEED = re.compile(
    r"(?:(?:please )?(?:make sure (?:that )?|ensure (?:that )?)?(?:it |the pipeline |this |everything |the "
    r"job )?(?:is |must be |should be |be |stays |to be |has to be )?"
    r"(?:fully )?(?:idempotent|safe to re-?run|re-?runnable|safely re-?runnable|repeatable|robust to re-?runs|"
    r"can be re-?run(?: safely)?(?: at any time)?|can be run (?:again|twice)(?: safely)?)(?:\s*\((?:safe to "
    r"re-?run|[^()]{0,30}re-?run[^()]{0,30}|idempotent)\))?(?: and (?:idempotent|safe to re-?run))?"
    r"|log (?:all|every|each|the) ?(?:operations?|steps?|actions?|row counts|of the steps)?(?: with row counts)?|"
    r"logging(?: of (?:all|every|each) (?:steps?|operations?))?|(?:write|keep) (?:a )?logs?|log (?:operations|"
    r"everything|progress|row counts)"
    r"|handle missing (?:data|values) gracefully|(?:gracefully )?handles? (?:errors|failures) gracefully|retry "
    r"(?:on )?(?:transient |temporary )?(?:failures|errors|network errors)(?: automatically)?|retries(?: on "
    r"transient (?:failures|errors))?|with retries|retry (?:up to )?(?:a few|three|3) times"
    r"|auto-?create(?: the sheet| it)? if (?:it )?(?:doesn't|does not|doesn’t) exist|create (?:the )?(?:sheet|"
    r"table|file|folder) if (?:it )?(?:doesn't|does not|is) (?:exist|missing)|no duplicates on re-?run|(?:overwrite|replace) "
    r"(?:it|them|the (?:existing |old |previous |last )?(?:files?|table|output|result|one|version)) "
    r"(?:(?:each|every) time|(?:on|at|in|with) (?:each|every) run)"
    r"|(?:it|(?:the|an|any) (?:existing |old |previous |last )?(?:file|table|output|result|one|version)) (?:is|gets|can be|may be|should be|must be) "
    r"(?:overwritten|replaced)(?: (?:each|every) time| (?:on|at|in|with) (?:each|every) run)?|safe re-?runs|a re-?run must not (?:duplicate|"
    r"double) (?:rows|anything)"
    r"|(?:never|do not|don't) (?:change|modify|touch|overwrite) the (?:input|source)(?: files?| data)?)[.!]*",
    re.IGNORECASE,
)
_LOOSE_GUARANTEE = re.compile(r"\b(idempotent|re-?run|retry|retries|transient|log|logging|logged)\b", re.IGNORECASE)
_GERMAN = frozenset(
    word_list(
        "der die das und ist nicht mit für auf von den dem ein eine einen wird werden nur alle zeilen spalte spalten datei daten lade lies "
        "speichere schreibe sortiere behalte entferne nach aus bitte soll sind jede jeden"
    )
)
_FOREIGN = (
    ("German", _GERMAN),
    (
        "French",
        frozenset(
            word_list(
                "le la les des et est pas avec pour sur dans une un du fichier lignes colonne colonnes garder supprimer enregistrer trier charger "
                "par chaque"
            )
        ),
    ),
    (
        "Spanish",
        frozenset(
            word_list("el la los las y es no con para por una un del archivo filas columna columnas guardar eliminar ordenar cargar cada donde")
        ),
    ),
)


def is_greeting(text: str) -> bool:
    """True of a greeting, thanks, small talk or sign-off that asks for nothing."""
    text = text.strip()
    return any(p.fullmatch(text) or (p is _SMALL_TALK and p.fullmatch(text.rstrip(".!?,: "))) for p in (_GREETING, _THANKS, _SIGN_OFF, _SMALL_TALK))


def is_sign_off(text: str) -> bool:
    """True of the line after which only a name follows."""
    return bool(_SIGN_OFF.fullmatch(text.strip())) or bool(
        re.match(
            r"(?:thanks|thank you|thx|cheers|many thanks)\b|(?:kind|best|warm) (?:regards|wishes)\b|(?:best|regards)\s*[,.!]?\s*$",
            text.strip(),
            re.IGNORECASE,
        )
    )


_DOING = re.compile(
    r"\b(?:keep|drop|remove|delete|exclude|ignore|skip|discard|omit|leave out|filter|sort|order by|rank|group|sum|total|average|count|add|compute|calculate|derive|"
    r"rename|convert|cast|replace|fill|join|merge|append|combine|union|stack|limit|dedup\w*|round|split|trim|mask|anonymi[sz]e|pseudonymi[sz]e|hash|encrypt|translate|"
    r"validate|normali[sz]e|standardi[sz]e|clean|fix|correct|repair|enrich|highlight|flag|mark|adjust|apply|weight|impute|interpolate|resample|smooth|"
    r"make sure|ensure|treat|handle|should|must|only)\b",
    re.IGNORECASE,
)


def asks_for_something(text: str) -> bool:
    """True of a text that holds a word of doing, whatever else it looks like."""
    return bool(_DOING.search(text))


_NARROWING = re.compile(r"\b(?:without|excluding|except|but not|not|no|only|minus)\b", re.IGNORECASE)


def narrows(text: str) -> bool:
    """True of a title that may leave something out: `Web errors, no bots`."""
    return bool(_NARROWING.search(text))


def introduction(text: str) -> str | None:
    """The name in `Create a sales analytics pipeline that …`; "" if it names none; None if the text is no such sentence."""
    hit = _INTRO.fullmatch(text.strip())
    if hit is None:
        return None
    rest = hit["rest"].strip().lower()
    if rest and not re.match(r"(?:that|which|for|to|from|with|:|processing|about|of|on|as follows|like this|doing|please)\b", rest):
        return None
    if re.search(
        r"\b(?:only|where|without|except|above|below|sum|average|filter\w*|group\w*|csv|json|top \d|runs?|daily|hourly|weekly|every)\b|\d", rest
    ):
        return None
    name = re.sub(r"\b(?:new|small|little|simple|data)\b", "", hit["name"], flags=re.IGNORECASE).strip()
    return " ".join(w if w.isupper() else w.capitalize() for w in name.split()) + (" Pipeline" if name else "")


def is_guaranteed(text: str) -> bool:
    """True of a wish that every pipeline fulfils: re-runnable, logged, retried."""
    return bool(_GUARANTEED.fullmatch(text.strip()))


_ABOUT_FILE = re.compile(
    (
        r"(?:.*\b(?:same columns|header|may be empty|can be empty|is empty|are empty|no rows|one json|"
        r"json object|per line|separated|delimited|utf-?8|encoded|updated|exported)\b.*)"
    ),
    re.IGNORECASE | re.DOTALL,
)
_ASKS = re.compile(
    (
        r"\b(?:keep|drop|exclude|remove|ignore|skip|filter|where|sum|average|count|sort|group|top|"
        r"distinct|unique|round|rename|convert|limit|must|should|please|calculate|compute)\b"
    ),
    re.IGNORECASE,
)


_EMPTY_FILE = re.compile(
    r"(?:(?:but|and|note that|please note that|mind that|beware:?)\s+)?(?:(?:the|one of the|either of the|any of the|"
    r"each of the|both|either|any|all|some) )?"
    r"(?:(?:first|second|third|last|other|latter|former|new|two|three|[a-z]+) )?(?:file|files|one|ones|of them|table|list|"
    r"input|inputs|of these|of the files|[\w./-]+\.\w{2,7})"
    r"(?: of them)? (?:may|can|might|could|is|are|will|is sometimes|is often|are sometimes)(?: also| sometimes| well| still| even)*(?: be)? empty"
    r"(?: (?:on some days|some days|sometimes|at times|on quiet days|at the moment|now and then|today|for now))?"
    r"(?:,? ?\(?(?:with |just |only |apart from |except for )?(?:the |a )?header(?: only| row| line)*\)?)?(?:[;,] that(?:'s|"
    r" is) (?:fine|ok|okay|normal|no error))?[.!]*",
    re.IGNORECASE,
)


def says_file_may_be_empty(text: str) -> bool:
    """True of a remark that a file may hold no rows, which every pipeline takes as it comes."""
    return bool(_EMPTY_FILE.fullmatch(text.strip())) and not _ASKS.search(text)


_CONTEXT = re.compile(
    r"(?:(?:we|our \w+(?: \w+)?) (?:sell|sells|rent out|rents out|run|runs|operate|operates|organise|organises|organize|"
    r"organizes|teach|teaches|breed|"
    r"breeds|grow|grows|own|owns|offer|offers|employ|employs|brew|brews|bake|bakes|repair|repairs|publish|publishes|host|"
    r"hosts)(?: (?!(?:and|or|then)\b)[\w'’-]+){1,9}?(?: and [\w'’-]+)?"
    r"|(?:we(?: are|'re|’re)|i(?: am|'m|’m)) (?:an?|the)(?: [\w'’-]+){1,6}? (?:in|at|of|for|near|from)(?: [\w'’-]+){1,4}?"
    r"|(?:this|it|that|all this|the list|the table) (?:is|will be) (?:for|about|part of) (?:the|our|a|an|my|next|this)(?: [\w'’-]+){0,3}? "
    r"(?:report|meeting|board|newsletter|audit|dashboard|presentation|review|website|party|conference|committee|council|budget|magazine|fundraiser|exhibition)"
    r"(?: (?:next|this|in|on|of) (?:the )?\w+)?"
    r"|(?:we(?: are|'re|’re)|i(?: am|'m|’m)) (?:preparing|planning|getting ready for) (?:the|our|a|an|my|next)(?: [\w'’-]+){1,4}?"
    r"|(?:p\.?s\.?:? )?the (?:coffee|cake|beer|tea|lunch|next (?:coffee|beer|lunch)) is on me)[.!]*",
    re.IGNORECASE,
)
_NARROWS = re.compile(
    r"\b(?:above|below|over|under|without|not|no|if|unless|only|must|should|can|could|would|please|but|so|because|whose|where|who|which|that|except|"
    r"more|less|most|least|than|never|always|as|like|every|each|per|once|twice)\b|\d",
    re.IGNORECASE,
)


def is_context(text: str) -> bool:
    """True of a sentence that tells who is asking and what for, and asks for nothing: "We sell vegetable boxes through several shops."."""
    return bool(_CONTEXT.fullmatch(text.strip())) and not _NARROWS.search(text) and not asks_for_something(text)


def describes_a_file(text: str) -> bool:
    """True of a remark about how a file looks, which asks for nothing: "the west file may be empty some days"."""
    return bool(_ABOUT_FILE.fullmatch(text.strip())) and not _ASKS.search(text)


def foreign_language(text: str) -> str | None:
    """The language of a text that is clearly not English."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    if len(words) < 6:
        return None
    english = sum(w in _ENGLISH for w in words)
    for language, own in _FOREIGN:
        hits = sum(w in own for w in words)
        if hits >= 4 and hits > 2 * english:
            return language
    return None


_ENGLISH = frozenset(
    word_list(
        "the and is not with for on of to a an only all rows column columns file data load read save write sort keep remove by from please "
        "should are each every where"
    )
)
