"""Splits a brief into units: sentences and list items, each with what the labels and headings above it announce."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tidemill.domain.grammar.vocabulary import LEMMAS, VERBS

CONTEXTS: dict[str, str] = {
    label: context
    for context, labels in {
        "source": ("source|sources|src|input|inputs|in|data|data source|data sources|read|load|extract|from|"
        "input file|input files|source file|source files|input data|the data|read from|data in|files "
        "in|reads|load from|ingest|file|files|source data|origin"),
        "destination": ("destination|destinations|dest|dst|output|outputs|out|target|targets|sink|sinks|to|write|"
        "save|result|results|deliver|delivery|output file|write to|save to|output to|output files|"
        "load into|store|result file|export|writes|saves|store in|save as|data out|deliver to|results "
        "to|result to"),
        "schedule": ("schedule|when|trigger|frequency|timing|run|runs|cron|cadence|scheduling|run schedule|how "
        "often|time|runs at|run at|timetable|execution|refresh|when to run"),
        "timezone": "timezone|time zone|tz",
        "filter": ("filter|filters|keep|where|condition|conditions|only|rows|filtering|keep only|rows to keep|"
        "keep rows|keep rows where|filter rows|row filter|only rows|include|selection|rows kept|filter "
        "data|filter to"),
        "exclude": "exclude|drop rows|remove|ignore|skip|exclusions|rows to drop|remove rows|exclude rows|leave out|discard|drop rows where|without",
        "add": ("calculate|compute|add|add column|add columns|new column|new columns|derive|calculations|"
        "calculated columns|computed columns|derived columns|columns to add|calculation|add fields|"
        "derived|computed|new fields|add the columns|formulas|formula|create columns|additional columns|"
        "calculated fields|add these columns|add new columns|extra columns|derive columns|add a column"),
        "group": "group by|group|grouping|per|by|group key|group keys|grouped by",
        "aggregate": "aggregate|aggregates|aggregation|aggregations|measures|metrics|summarise|summarize|summary|aggregate by|kpis|figures|totals",
        "sort": "sort|sort by|order|order by|sorting|sorted by|ordering|sort order",
        "select": ("select|columns|keep columns|output columns|fields|columns to keep|keep the columns|final "
        "columns|select columns|result columns|keep these columns|columns in the output|column order|"
        "output fields|show"),
        "rename": "rename|renames|rename columns|renaming|rename column",
        "drop": "drop columns|drop column|remove columns|drop the columns|columns to drop",
        "cast": "cast|convert|types|conversion|conversions|convert types|type conversion|type conversions|parse",
        "fill": "fill|fill missing|fill nulls|defaults|missing values|fill missing values|default values",
        "dedupe": "dedupe|deduplicate|duplicates|dedup|deduplication|remove duplicates|unique|de-duplicate",
        "join": "join|joins|merge|lookup|look up",
        "union": "union|combine|stack|append",
        "limit": "limit|top|limit to|top n",
        "window": "window|running totals|ranking|rank",
        "pivot": "pivot",
        "unpivot": "unpivot|melt",
        "drop_nulls": "drop missing|drop nulls|drop na",
        "sql": ("sql|transform with sql|query|sql transform|sql step|sql query|run sql|with sql|using sql|"
        "transform using sql|run this sql|use sql|run this query|sql transformation|run the sql|apply "
        "sql|transformation sql|transform sql|transform by sql|use this sql|apply this sql|run the "
        "query"),
        "name": "name|pipeline|pipeline name|title|project|job name|job|subject|betreff",
        "requirement": ("requirements|requirement|quality|non-functional|nonfunctional requirements|reliability|guarantees|"
        "operations|quality requirements|non-functional requirements"),
        "note": ("note|notes|background|context|remark|remarks|description|goal|purpose|nb|n.b|hint|why|aim|"
        "owner|author|contact|cc|date|from person|objective|info|fyi|summary of purpose|team|requested "
        "by|for"),
        "steps": ("steps|step|transformations|transformation|transform|transforms|process|processing|what to "
        "do|do|todo|to do|tasks|then|logic|rules|work|actions|instructions|pipeline steps|what|what "
        "i need|procedure|what we need|plan|task|what should happen|next|finally|first"),
    }.items()
    for label in labels.split("|")
}  # fmt: skip
BAGS = frozenset({"source", "destination"})
_BULLET = re.compile(r"^(\s*)(?:[-*•‣◦–—+]|\(?\d{1,3}[.)]|\(?[a-z][)]|\(?[ivx]{1,4}[.)]|\[[ xX]?\]|step\s+\d{1,2}\s*[:.)-])\s+(?=\S)", re.IGNORECASE)
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_LABEL = re.compile(r"^([A-Za-z][A-Za-z /&'-]{0,40}?)\s*(?:\([^)]{0,40}\)\s*)?(:(?!//)|->|=>|→)\s*(.*)$", re.DOTALL)
_QUESTION = re.compile(
    r"^((?:(?:q|question)\s*[:.)]\s*)?(?:where|what|which|how|when|who|why|and|any|does|is|are|do|should)\b[^?]{0,120}\?)\s*(.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|incl|excl|no|nr|resp|mr|mrs|ms|dr|st|z\.b|cf|ca|min|max|avg|p\.s|n\.b|a\.m|p\.m)|^\w|\s[A-Za-z])$",
    re.IGNORECASE,
)
MAX_CHARACTERS = 100_000
MAX_UNITS = 2_000


@dataclass
class Unit:
    """One sentence or item."""

    text: str
    """The words as they stand in the brief, without bullets and marks of emphasis."""
    body: str
    """What is to be read: `text` without its label."""
    label: str = ""
    context: str = ""
    details: list[str] = field(default_factory=list)
    """Items below it that complete it."""
    is_title: bool = False

    @property
    def whole(self) -> str:
        """Body and details in one text."""
        return "; ".join([self.body.rstrip(": "), *self.details]) if self.details else self.body


@dataclass
class _Node:
    text: str
    level: int
    kind: str
    children: list[_Node] = field(default_factory=list)


def split_units(text: str) -> list[Unit]:
    """The units of a brief in order."""
    units: list[Unit] = []
    root = _tree(_lines(text))
    context = ""
    for node in _adopt(root.children):
        if node.kind == "heading":
            label = _label_of(node.text)
            context = CONTEXTS.get(label, "")
            unit = Unit(node.text, node.text.rstrip(":"), label, "heading" if context else "title", is_title=True)
            units.append(unit)
            continue
        units += _flatten(node, "" if context == "steps" else context)
    return units


def _lines(text: str) -> list[_Node]:
    """One node per line or paragraph, wrapped lines joined."""
    nodes: list[_Node] = []
    fenced: list[str] | None = None
    blank = True
    for raw in text.replace("\r\n", "\n").replace("\t", "    ").replace("\u00a0", " ").split("\n"):
        if raw.strip().startswith("```"):
            if fenced is None:
                fenced = []
            else:
                nodes.append(_Node("\n".join(fenced), 99, "code"))
                fenced = None
            continue
        if fenced is not None:
            fenced.append(raw)
            continue
        line = raw.rstrip()
        if not line.strip() or re.fullmatch(r"\s*(?:[-=_*~]\s*){3,}", line):
            blank = True
            continue
        if line.lstrip().startswith(">"):
            line = line.replace(">", " ", 1)
        nodes = _add_line(nodes, line, blank=blank)
        blank = False
    if fenced:
        nodes.append(_Node("\n".join(fenced), 99, "code"))
    return nodes


def _add_line(nodes: list[_Node], line: str, *, blank: bool) -> list[_Node]:
    if hit := _HEADING.match(line):
        return [*nodes, _Node(_plain(hit[1]), -1, "heading")]
    indent = len(line) - len(line.lstrip())
    if re.fullmatch(r"\s*(\*\*|__)[^*_]+\1:?\s*", line) and not re.match(r"^\s*(\*\*|__)\s*\d", line):
        return [*nodes, _Node(_plain(line), -1, "heading")]
    bullet = _BULLET.match(line)
    if bullet is None and line.strip().startswith("-") and line.strip()[1:2].isalpha():
        bullet = re.match(r"^(\s*)-", line)
    if bullet and not line.strip().startswith("**"):
        return [*nodes, _Node(_plain(line[bullet.end() :]), indent * 2 + 1, "item")]
    before = nodes[-1] if nodes else None
    answer = re.match(r"\s*(?:a|answer)\s*[:.)]\s*(?=\S)", line, re.IGNORECASE)
    if (
        before is not None
        and before.text.endswith("?")
        and "?" not in line
        and (answer or (not bullet and not blank))
        and split_label(before.text)[1]
    ):
        before.text = f"{before.text} {_plain(line[answer.end() :] if answer else line)}"
        return nodes
    if before is not None and not blank and _continues(before, line, indent):
        before.text = f"{before.text} {_plain(line)}"
        return nodes
    return [*nodes, _Node(_plain(line), indent * 2, "line")]


def _continues(before: _Node, line: str, indent: int) -> bool:
    """True if `line` is the wrapped rest of the line before."""
    if before.kind in {"heading", "code"} or re.search(r"[.!?:;]\s*$", before.text):
        return False
    first = line.strip()
    if "?" in first or "?" in before.text:
        return False
    if before.kind == "item":
        return indent * 2 >= before.level and (first[0].islower() or len(before.text) >= 55) and not _labelled(first)
    opening = re.match(r"[\w-]+", first)
    if (
        opening
        and LEMMAS.get(opening[0].lower(), opening[0].lower()) in VERBS
        and not re.search(r"(?:,|\b(?:and|or|then|the|to|of|a|by|with|is|in|but|please))\s*$", before.text, re.IGNORECASE)
    ):
        return False
    if indent * 2 > before.level + 2 and first.upper().startswith(("SELECT", "WITH")):
        return False
    if re.match(r"(select|from|where|group by|order by|having|join|left join|inner join|limit|with)\b", before.text, re.IGNORECASE) and re.match(
        r"(select|with)\b", before.text, re.IGNORECASE
    ):
        return True
    if _TERSE.match(before.text) and _TERSE.match(first) and not _OPEN_END.search(before.text):
        return False
    return len(before.text.rsplit("\n", 1)[-1]) >= 55 and not _labelled(first)


_TERSE = re.compile(r"[A-Za-z_]\w*\s*:?=\s*\S|(?:per|for each)\b[^:]{1,80}:|top \d", re.IGNORECASE)
"""A note that is complete on its line: an assignment, or a header of a group."""
_OPEN_END = re.compile(r"(?:[,+*/=(-]|\b(?:and|or|then|the|to|of|a|by|with|is|in|but|as|where|whose|if|when|per|plus|minus))\s*$", re.IGNORECASE)
_AGGREGATE = re.compile(
    r"[A-Za-z_]\w*\s*:?=\s*(?:the )?(?:sum|total|number|count|average|avg|mean|min|max|minimum|maximum|highest|lowest|largest|smallest|median|"
    r"earliest|latest|distinct|how many)\b",
    re.IGNORECASE,
)


def _adopt(nodes: list[_Node]) -> list[_Node]:
    """The nodes with the aggregates below a group header as its children, where the brief does not indent them."""
    found: list[_Node] = []
    for node in nodes:
        header = found[-1] if found else None
        if (
            header is not None
            and header.kind == node.kind == "line"
            and not node.children
            and _completes(header.text)
            and _AGGREGATE.match(node.text)
            and all(ch.kind == "line" for ch in header.children)
        ):
            header.children.append(node)
        else:
            found.append(node)
    return found


def _labelled(text: str) -> bool:
    hit = _LABEL.match(text)
    return bool(hit) and _normal(hit[1]) in CONTEXTS  # type: ignore[index]  # checked


def _plain(text: str) -> str:
    """The text without marks of emphasis."""
    text = re.sub(r"\*\*([^*\n]{1,300}?)\*\*", r"\1", text.strip())
    text = re.sub(r"(?<!\w)__([^_\n]{1,300}?)__(?![\w(])", r"\1", text)
    text = re.sub(r"\[([^\]\n]{1,200})\]\((?:https?:)?[^)\s]{1,300}\)", r"\1", text)
    return re.sub(r"(?<![\w*])\*([^*\s][^*\n]{0,200}?)\*(?![\w*])", r"\1", text).strip()


def _tree(nodes: list[_Node]) -> _Node:
    root = _Node("", -99, "root")
    stack = [root]
    for node in nodes:
        if node.kind == "heading":
            stack = [root]
        elif node.kind == "code":
            stack[-1].children.append(node)
            continue
        else:
            while len(stack) > 1 and (stack[-1].level >= node.level or stack[-1].kind == "heading" or not _owns(stack[-1], node)):
                stack.pop()
        stack[-1].children.append(node)
        stack.append(node)
    return root


def _owns(parent: _Node, child: _Node) -> bool:
    """True if lines below `parent` belong to it."""
    if parent.kind == "line" and child.kind == "item":
        return parent.text.rstrip().endswith((":", "?")) or bool(re.search(r":\s*$", parent.text))
    return True


def _normal(label: str) -> str:
    return re.sub(r"\s+", " ", label.strip().lower().rstrip(":?").replace("`", ""))


def _label_of(text: str) -> str:
    return re.sub(r"^(the|our|my|\d+[.)])\s+", "", _normal(text))


def split_label(text: str) -> tuple[str, str, str]:
    """(label, context, rest); the label is empty if there is none that is known."""
    if hit := _QUESTION.match(text):
        context = _question_context(hit[1].lower())
        return (_normal(hit[1]), context, re.sub(r"^(?:a|answer)\s*:\s*", "", hit[2], flags=re.IGNORECASE)) if context else ("", "", text)
    if (hit := _LABEL.match(text)) and (label := _label_of(hit[1])) in CONTEXTS:
        return label, CONTEXTS[label], hit[3].strip()
    if hit := re.match(r"^(src|dst|dest|out|in|source|target|output|input|destination)\s*(?:=|-|–)\s+(.*)$", text, re.IGNORECASE | re.DOTALL):
        return hit[1].lower(), CONTEXTS[hit[1].lower()], hit[2]
    if hit := re.match(r"^(?:->|=>|→)\s*(.*)$", text, re.DOTALL):
        return "write to", "destination", hit[1]
    if text.strip().endswith(":") and re.search(r"\bsql\b", text, re.IGNORECASE):
        return "sql", "sql", ""
    return "", "", text


def _question_context(question: str) -> str:
    question = re.sub(r"^q\s*[:.]\s*", "", question)
    if re.search(r"how often|when|what time|how frequently|schedule", question):
        return "schedule"
    if re.search(r"columns|fields", question) and re.search(r"keep|need|stay|output|result|want|include|appear|show", question):
        return "select"
    if re.search(r"where.*\b(go|goes|written|write|saved|save|stored|end up|put|result|output|deliver|land)\b|what.*output|destination", question):
        return "destination"
    if re.search(r"\b(where|which file|what)\b.*\b(data|come|comes|source|input|find|read|start|is it|live)\b", question) and not re.search(
        r"happen|do with|done|should be", question
    ):
        return "source"
    if re.search(
        r"which (rows|records|orders|entries|lines|ones)|what.*filter|which.*(keep|count|matter|needed|included)|"
        r"which (?:\w+ ){1,3}(?:do|should|shall|would|are) .*(?:want|need|wanted|interest\w*|look at|care about|show)",
        question,
    ):
        return "exclude" if re.search(r"leave out|ignored?|dropped?|excluded?|skip", question) else "filter"
    if re.search(r"sort|order\b", question):
        return "sort"
    if re.search(r"calculat|comput|column.*add|new column|added", question):
        return "add"
    if re.search(r"group|aggregat|summar", question):
        return "steps"
    if re.search(
        r"what.*(happen|do|done|need)|what (?:should|shall|must) (?:it|the (?:result|output|table|list|file)) look|what (?:comes next|then)", question
    ):
        return "steps"
    return ""


def _flatten(node: _Node, context: str) -> list[Unit]:  # noqa: PLR0912  # one rule of the grammar, read top to bottom
    if node.kind == "code":
        return [Unit(node.text, node.text, "", "sql" if re.match(r"\s*(select|with)\b", node.text, re.IGNORECASE) else context or "code")]
    label, own, rest = split_label(node.text)
    inherited = own or context
    if own == "steps":
        inherited = ""
    if own == "sql" or (context == "sql" and not own):
        return [Unit(node.text, "\n".join([rest or ("" if own else node.text), *(_all_text(ch) for ch in node.children)]).strip(), label, "sql")]
    if own in BAGS and node.children and _is_bag(node):
        return [Unit(" ".join([node.text, *(_all_text(ch) for ch in node.children)]), rest, label, own, [_all_text(ch) for ch in node.children])]
    if own in ("aggregate", "group", "join", "pivot", "unpivot", "rename", "fill") and node.children and own != "steps" and not _has_labels(node):
        return [Unit(" ".join([node.text, *(_all_text(ch) for ch in node.children)]), rest, label, own, [_all_text(ch) for ch in node.children])]
    units: list[Unit] = []
    if label and not rest:
        units.append(Unit(node.text, "", label, "heading"))
    else:
        sentences = [part for s in split_sentences(rest if label else node.text) for part in _chained(s)]
        for k, sentence in enumerate(sentences):
            is_last = k == len(sentences) - 1
            if is_last and node.children and _completes(sentence):
                details = [_all_text(ch) for ch in node.children]
                return [*units, Unit(" ".join([sentence, *details]), sentence, label if k == 0 else "", inherited, details)]
            if k == 0 and label:
                units.append(Unit(node.text if len(sentences) == 1 else f"{label}: {sentence}", sentence, label, inherited))
            else:
                inner, inner_context, inner_rest = split_label(sentence) if k else ("", "", sentence)
                units.append(Unit(sentence, inner_rest if inner else sentence, inner, inner_context or inherited))
    if (
        units
        and not label
        and node.children
        and re.search(r"\badd\b.*\bcolumns?\b.*:$|\b(calculate|compute|derive)\b.*:$|new columns.*:$", node.text, re.IGNORECASE)
    ):
        inherited = "add"
        units[-1].context = "heading"
    for child in node.children:
        units += _flatten(child, "" if inherited in ("heading", "name") else inherited)
    return units


def _chained(sentence: str) -> list[str]:
    """The links of `orders.csv -> keep paid -> sum total -> revenue -> out/x.csv`; a bare name behind an arrow belongs to the link before."""
    links = re.split(r"\s*(?:->|=>|→)\s*", sentence)
    if len(links) < 3 or not re.search(r"\.\w{2,7}$", links[0].strip("`\"' ")):
        return [sentence]
    found: list[str] = []
    for link in links:
        if found and re.fullmatch(r"[`\"']?[A-Za-z_]\w*[`\"']?", link.strip()):
            found[-1] += f" -> {link}"
        else:
            found.append(f"-> {link}" if link is links[-1] else link)
    return found


def _completes(sentence: str) -> bool:
    """True if a sentence that ends in a colon is finished by the items below it."""
    return sentence.rstrip().endswith(":") and bool(
        re.match(
            (
                r"(?:then |finally |next |now |and )?(group|per|for each|for every|aggregate|summari[sz]e|"
                r"by |keep (?:only )?(?:the |these )?(?:following )?(?:columns|fields)|select|rename|drop "
                r"(?:the |these )?(?:following )?(?:columns|fields)|fill|pivot|unpivot|sort|join)\b"
            ),
            sentence,
            re.IGNORECASE,
        )
    )


_BAG_KEY = re.compile(
    (
        r"^(path|file|file name|filename|spreadsheet id|spreadsheet|range|credentials|credentials "
        r"path|sheet name|sheet|worksheet|table|table name|database|db|connection|url|format|delimiter|"
        r"separator|mode|auto-create|encoding|host|port|user|id|query|name|tab|type|header|folder|"
        r"bucket|key|location|columns?|auth|token|records path|records|paging)\b"
    ),
    re.IGNORECASE,
)


def _is_bag(node: _Node) -> bool:
    """True if the lines below give the parts of one source or destination, such as `Path: …` and `Table: …`."""
    keys = [ch.text for ch in node.children]
    return all(_BAG_KEY.match(k) or not re.search(r"\.\w{2,7}\b", k) for k in keys) and any(_BAG_KEY.match(k) for k in keys)


def _has_labels(node: _Node) -> bool:
    return any(split_label(ch.text)[1] for ch in node.children)


def _all_text(node: _Node) -> str:
    return "; ".join([node.text, *(_all_text(ch) for ch in node.children)])


def split_sentences(text: str) -> list[str]:
    """The sentences of a paragraph; a dot in a number, file name, abbreviation or quotation does not end one."""
    if re.match(r"\s*(select|with)\b.*\bfrom\b", text, re.IGNORECASE | re.DOTALL):
        return [text]
    found, start = [], 0
    quotes = [m.span() for m in re.finditer(r'"[^"\n]{0,300}"|`[^`\n]{0,300}`|“[^”\n]{0,300}”|\([^()\n]{0,300}\)', text)]
    for hit in re.finditer(r"[.!?…]+[)\"'”]*(?=\s+\S|$)", text):
        if (
            _ABBREVIATIONS.search(text[start : hit.start()])
            and hit.end() < len(text)
            and not (
                text[hit.end() :].lstrip()[:1].isupper()
                and not re.search(r"(?:e\.g|i\.e|vs|mr|mrs|ms|dr|no|nr)$", text[: hit.start()], re.IGNORECASE)
                and len(text[start : hit.start()]) > 12
            )
        ):
            continue
        if any(a < hit.start() < b - 1 for a, b in quotes):
            continue
        following = text[hit.end() :].lstrip()
        if following and following[0].islower() and hit.group()[0] == ".":
            if not re.match(r"(?:and|or|but|then|so)\b", following) or True:
                pass
            if re.search(r"\betc$", text[: hit.start()]):
                continue
        if piece := text[start : hit.end()].strip():
            found.append(piece)
        start = hit.end()
    if tail := text[start:].strip():
        found.append(tail)
    return found
