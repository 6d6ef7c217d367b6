"""The closed lists of words the drafter knows, apart from those of a single reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def word_list(text: str) -> tuple[str, ...]:
    """Words written in one text, with spaces between them."""
    return tuple(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """Phrases written in one text, with `|` between them."""
    return tuple(text.split("|"))


VERBS: tuple[str, ...] = (
    "add", "aggregate", "append", "apply", "attach", "average", "bring", "build", "bucket", "calculate", "cap", "cast", "change", "classify",
    "clean", "combine", "compute", "concatenate", "consider", "convert", "count", "create", "deduplicate", "dedupe", "delete", "deliver", "derive",
    "determine", "discard", "divide", "drop", "dump", "eliminate", "enrich", "exclude", "export", "extract", "fetch", "fill", "filter", "find",
    "flag", "format", "generate", "give", "grab", "group", "ignore", "import", "include", "insert", "join", "keep", "label", "leave", "limit",
    "list", "load", "lookup", "lowercase", "make", "mark", "match", "melt", "merge", "multiply", "name", "need", "normalise", "normalize", "omit",
    "open", "output", "parse", "pick", "pivot", "place", "preserve", "produce", "pull", "put", "rank", "read", "reject", "remove", "rename",
    "reorder", "replace", "report", "restrict", "retain", "return", "round", "save", "select", "send", "set", "show", "skip", "sort", "split",
    "stack", "standardise", "standardize", "start", "store", "sum", "summarise", "summarize", "take", "tag", "total", "treat", "trim", "turn",
    "union", "unpivot", "uppercase", "use", "want", "work", "write",
)  # fmt: skip
"""Verbs whose inflected forms are read as the base form."""
_IRREGULAR = {"kept": "keep", "left": "left", "leaving": "leave", "written": "write", "wrote": "write", "made": "make", "taken": "take",
              "sent": "send", "built": "build", "brought": "bring", "gave": "give", "given": "give", "found": "find"}  # fmt: skip
_DOUBLING = frozenset(word_list("drop skip sum trim tag put set omit cap split format get dump")) - {"format", "dump"}


def _forms(verb: str) -> Iterable[str]:
    stem = verb[:-1] if verb.endswith("e") else verb + verb[-1] if verb in _DOUBLING else verb
    yield from (verb + "s", stem + "ing", stem + "ed")
    if verb.endswith("y"):
        yield from (verb[:-1] + "ies", verb[:-1] + "ied")
    if verb.endswith(("ch", "sh", "x", "ss")):
        yield verb + "es"


LEMMAS: Mapping[str, str] = {form: verb for verb in VERBS for form in _forms(verb)} | _IRREGULAR
"""Inflected form to base form."""

ARTICLES = frozenset(word_list("the a an its their our your his her this that these those"))
ROW_NOUNS = frozenset(
    word_list(
        "row rows record records entry entries line lines observation observations data dataset table rest result results item items "
        "everybody everyone people anyone anybody anything ones those them it everything"
    )
)
"""Words that mean "the rows at hand"."""
FILLERS = frozenset(
    word_list(
        "please then also now next finally lastly first firstly second secondly third afterwards afterward simply just kindly additionally "
        "furthermore moreover subsequently so and but after too well again thereafter"
    )
)
"""Words that may open or close a clause without changing what it asks for."""
STOPWORDS = frozenset(
    word_list(
        "the a an of to in on at by for from with and or not no is are was were be been being than that which who whose where when if then "
        "else otherwise as into onto per each every all any both either neither it its they them their this these those there only just "
        "but so do does did has have had having will would should shall can could may might must please also too very above below over "
        "under between before after since until within without least most more less greater higher lower"
    )
)
NUMBER_WORDS: Mapping[str, int] = {
    w: n for n, w in enumerate(word_list(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    ))
} | {"twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100, "dozen": 12}  # fmt: skip
MONTHS: Mapping[str, int] = {
    w: n
    for n, ws in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug", "september sept sep", "october oct",
         "november nov", "december dec"), 1)
    for w in ws.split()
}  # fmt: skip
SUFFIXES = frozenset(
    word_list(
        "id at on date time ts timestamp kg g t km m cm mm l ml eur usd gbp chf euro dollar pct percent minute min hour second sec day kwh "
        "mb gb celsius c name"
    )
)
"""Last words of a column name that people leave out: `weight_kg` is the weight, `opened_at` is when it was opened."""


def singular(word: str) -> str:
    """The singular of an English noun in lower case, by rule; a word that is none comes back nearly unchanged."""
    if word == "ids":
        return "id"
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("uses") and len(word) > 5:
        return word[:-2]
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word
