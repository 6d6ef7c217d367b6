"""Reads a column formula into a tree, by an allow-list: what is not in the grammar is refused, nothing is ever executed.

From loose to tight: `a if c else b`, `or`, `and`, `not`, comparisons (with `in`, `between`, `is`, `contains` …), `+ - ||`, `* / // %`,
unary `-`, `**`. Letters of words may be of either case.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tidemill.domain.formula.calls import call_of, cast_of, concatenation, if_call, if_of, made, refuse_unknown
from tidemill.domain.formula.catalogue import FUNCTIONS, KNOWN_NAMES, TYPE_NAMES, fold
from tidemill.domain.formula.lexer import Token, TokenKind, tokenize
from tidemill.domain.formula.nodes import Binary, Call, Column, Formula, Literal, Unary, columns_of, depth_of
from tidemill.domain.formula.unparse import COMPARISON, NEGATION, NOT, OR, POWER, PRECEDENCE, PRODUCT, SUM, unparse
from tidemill.domain.nearest import nearest, suggest
from tidemill.errors import FormulaError

if TYPE_CHECKING:
    from tidemill.domain.formula.nodes import Node

MAX_DEPTH = 60
"""Deepest tree; the SQL compilers below Ibis recurse several frames per level and give up at about 100."""
_LARGEST_INTEGER = 2**63 - 1
_NULLS = ("null", "none", "missing")
_RESERVED = {"and", "or", "then", "else", "elif", "when", "end", "in", "is", "between", "otherwise", "lambda"}
_INFIX_WORDS = {"in", "not", "between", "is", "contains", "starts", "begins", "ends", "matches", "like", "ilike"}
_COLUMN_HINT = "A column name with other characters than letters, digits and _ is written in braces: {unit price}."


def parse_formula(text: str) -> Formula:
    """Read a formula such as `{unit_price} * {quantity}`.

    Raises:
        FormulaError: It is not a formula; `position` is the character where reading stopped.
    """
    parser = _Parser(tokenize(text))
    root = parser.whole()
    return _checked(text, root)


def formula_of(root: Node) -> Formula:
    """The formula with this tree and its canonical text."""
    return _checked(unparse(root), root)


def _checked(text: str, root: Node) -> Formula:
    if depth_of(root) > MAX_DEPTH:
        raise _too_deep()
    return Formula(text, root, columns_of(root))


def _too_deep(position: int | None = None) -> FormulaError:
    return FormulaError(f"the formula is nested more than {MAX_DEPTH} levels deep", position=position, fix="Split it into several columns.")


class _Parser:
    """Reads tokens from left to right; each method leaves the position behind what it read."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._with_comma = _parentheses_with_comma(tokens)

    def whole(self) -> Node:
        if self._ended():
            raise FormulaError("the formula is empty", position=0, fix="Write for example {unit_price} * {quantity}.")
        root = self._expression(0)
        if not self._ended():
            raise self._unexpected()
        return root

    def _ended(self) -> bool:
        return self._next.kind is TokenKind.END

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self, ahead: int = 1) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _accept(self, *signs: str) -> Token | None:
        return self._take() if self._next.is_operator(*signs) else None

    def _accept_word(self, *words: str) -> Token | None:
        return self._take() if self._next.is_word(*words) else None

    def _expect(self, sign: str, after: str) -> Token:
        token = self._accept(sign)
        if token is None:
            raise FormulaError(f"`{sign}` is missing after {after}, before {_named(self._next)}", position=self._next.position)
        return token

    def _expect_word(self, word: str, after: str) -> Token:
        token = self._accept_word(word)
        if token is None:
            raise FormulaError(f"`{word}` is missing after {after}, before {_named(self._next)}", position=self._next.position)
        return token

    def _unexpected(self) -> FormulaError:
        token, before = self._next, self._tokens[self._at - 1]
        if token.kind is TokenKind.STRAY:
            return _stray(token, self._peek())
        names = (TokenKind.NAME, TokenKind.COLUMN, TokenKind.TEXT, TokenKind.NUMBER)
        fix = _COLUMN_HINT if token.kind in names and before.kind in names else ""
        after = f" after {_named(before)}" if self._at else ""
        return FormulaError(f"{_named(token)} was not expected{after}", position=token.position, fix=fix)

    def _expression(self, least: int) -> Node:
        """An expression whose operators bind at least as tightly as `least`."""
        self._depth += 1
        if self._depth > 2 * MAX_DEPTH:  # a level of `a - (b - …)` is an operand and a parenthesis
            raise _too_deep(self._next.position)
        left = self._prefix()
        while (further := self._infix(left, least)) is not None:
            left = further
        self._depth -= 1
        return left

    def _infix(self, left: Node, least: int) -> Node | None:
        token = self._next
        if token.kind is TokenKind.OPERATOR or token.is_word("and", "or"):
            return self._binary(left, token, least)
        if token.is_word("if") and least == 0:
            return self._python_conditional(left)
        if token.is_word(*_INFIX_WORDS) and least <= COMPARISON:
            return self._word_comparison(left)
        return None

    def _binary(self, left: Node, token: Token, least: int) -> Node | None:
        if token.text in ("||", "&"):
            if least > SUM:
                return None
            self._take()
            return concatenation(left, self._expression(PRODUCT), token.position)
        operator = token.text.lower()
        precedence = PRECEDENCE.get(operator)
        if precedence is None or precedence < least:
            return None
        self._take()
        if precedence == COMPARISON:
            return self._comparison(left, operator, token.position)
        right = self._expression(NEGATION if precedence == POWER else precedence + 1)
        return Binary(operator, left, right, token.position)

    def _comparison(self, left: Node, operator: str, position: int) -> Node:
        """A comparison; `a < b < c` means `a < b and b < c`."""
        right = self._expression(SUM)
        compared: Node = Binary(operator, left, right, position)
        while (token := self._next).kind is TokenKind.OPERATOR and PRECEDENCE.get(token.text) == COMPARISON:
            self._take()
            following = self._expression(SUM)
            compared = Binary("and", compared, Binary(token.text, right, following, token.position), token.position)
            right = following
        return compared

    def _python_conditional(self, value: Node) -> Node:
        position = self._take().position
        condition = self._expression(OR)
        self._expect_word("else", "the condition")
        return if_of(((condition, value),), self._expression(0), position)

    def _word_comparison(self, left: Node) -> Node:
        token = self._take()
        if token.is_word("is"):
            return self._is(left, token)
        if token.is_word("not"):
            inner = self._next
            if not inner.is_word(*(_INFIX_WORDS - {"not", "is"})):
                raise FormulaError(f"`not` was not expected before {_named(inner)}", position=token.position, fix="Write for example not in (1, 2).")
            return Unary("not", self._word_comparison(left), token.position)
        return self._positive_word(left, token)

    def _positive_word(self, left: Node, token: Token) -> Node:
        word = token.text.lower()
        if word == "in":
            return self._membership(left, token)
        if word == "between":
            low = self._expression(SUM)
            self._expect_word("and", "the lower end of `between`")
            return Call("between", (left, low, self._expression(SUM)), token.position)
        if word in ("like", "ilike"):
            raise FormulaError(f"`{word}` is not known", position=token.position, fix="Write contains, starts with, ends with or matches.")
        if word in ("starts", "begins", "ends"):
            self._accept_word("with")
        function = {"contains": "contains", "ends": "ends_with", "matches": "regex_matches"}.get(word, "starts_with")
        return made(FUNCTIONS[function], [left, self._expression(SUM)], token)

    def _membership(self, left: Node, token: Token) -> Node:
        self._expect("(", "`in`")
        others = self._arguments()
        if not others:
            raise FormulaError("`in ()` names no value", position=token.position, fix="Write for example in ('a', 'b').")
        nulls = [o for o in others if isinstance(o, Literal) and o.value is None]
        if nulls:
            raise FormulaError("null in `in (...)` is never equal to anything", position=nulls[0].position, fix="Write `or x is null`.")
        return Call("in", (left, *others), token.position)

    def _is(self, left: Node, token: Token) -> Node:
        negative = self._accept_word("not") is not None
        word = self._take()
        result: Node
        if word.is_word(*_NULLS):
            result = Call("is_null", (left,), token.position)
        elif word.is_word("empty", "blank"):
            result = Call("is_empty", (left,), token.position)
        elif word.is_word("true", "false"):
            wanted = left if word.is_word("true") else Unary("not", left, token.position)
            result = Call("coalesce", (wanted, Literal(False, word.position)), token.position)
        else:
            raise FormulaError(f"{_named(word)} was not expected after `is`", position=word.position,
                               fix="Write is null, is not null, is empty, is true, or `=` for a comparison.")  # fmt: skip
        return Unary("not", result, token.position) if negative else result

    def _prefix(self) -> Node:
        token = self._next
        match token.kind:
            case TokenKind.NUMBER:
                return self._number()
            case TokenKind.TEXT:
                return Literal(self._take().text, token.position)
            case TokenKind.COLUMN:
                return self._column()
            case TokenKind.NAME:
                return self._name()
            case TokenKind.OPERATOR if token.text == "(":
                return self._parenthesised()
            case TokenKind.OPERATOR if token.text in ("-", "+"):
                return self._signed()
            case TokenKind.END:
                raise FormulaError(f"the formula ends after {_named(self._tokens[self._at - 1])}, where a value is missing", position=token.position)
        raise self._unexpected()

    def _parenthesised(self) -> Node:
        opening = self._take()
        inside = self._expression(0)
        if self._next.is_operator(","):
            raise FormulaError("`,` was not expected: a list of values stands after `in` only", position=self._next.position)
        if not self._accept(")"):
            raise self._unclosed(opening)
        return self._operand(inside)

    def _unclosed(self, opening: Token) -> FormulaError:
        if self._next.kind is TokenKind.END:
            return FormulaError(f"the parenthesis at character {opening.position + 1} is not closed", position=opening.position, fix="Add `)`.")
        return self._unexpected()

    def _signed(self) -> Node:
        token = self._take()
        operand = self._expression(NEGATION)
        if token.text == "+":
            return operand
        if isinstance(operand, Literal) and isinstance(operand.value, (int, float)) and not isinstance(operand.value, bool):
            return Literal(-operand.value, token.position)
        return Unary("-", operand, token.position)

    def _number(self) -> Node:
        token = self._take()
        following = self._next
        if following.kind in (TokenKind.NAME, TokenKind.COLUMN) and following.position == token.end:
            raise FormulaError(f"{_named(following)} was not expected right after the number {token.text}", position=following.position,
                               fix=f"Write {token.text} * {following.text} for a product, or put the column name in braces.")  # fmt: skip
        value = _number_of(token)
        if following.is_operator("%") and following.position == token.end and not self._begins_operand(self._peek()):
            self._take()
            value = value / 100
        return Literal(value, token.position)

    def _begins_operand(self, token: Token) -> bool:
        if token.kind is TokenKind.NAME:
            return not token.is_word(*_RESERVED, *_INFIX_WORDS, "if")
        return token.kind in (TokenKind.NUMBER, TokenKind.TEXT, TokenKind.COLUMN) or token.is_operator("(")

    def _column(self) -> Node:
        token = self._take()
        if not token.text:
            raise FormulaError("`{}` names no column", position=token.position, fix="Write the name between the braces: {unit_price}.")
        return self._operand(Column(token.text, token.position))

    def _operand(self, node: Node) -> Node:
        """The node, unless something follows that would reach into it or call it."""
        if self._next.kind is TokenKind.STRAY:
            raise _stray(self._next, self._peek())
        if self._next.is_operator("("):
            raise FormulaError("`(` was not expected after a value: only functions can be called", position=self._next.position)
        return node

    def _name(self) -> Node:
        token = self._take()
        word = token.text.lower()
        if word == "not":
            return Unary("not", self._expression(NOT), token.position)
        if word == "case":
            return self._case(token)
        if word == "if":
            return self._if_form(token)
        if self._next.is_operator("("):
            return self._operand(self._function(token))
        if word in ("true", "false"):
            return Literal(word == "true", token.position)
        if word in _NULLS:
            return Literal(None, token.position)
        if word in ("date", "timestamp") and self._next.kind is TokenKind.TEXT:
            return cast_of(Literal(self._take().text, token.position), TYPE_NAMES[word], token)
        if word in _RESERVED:
            raise FormulaError(f"`{token.text}` was not expected here: a value is missing", position=token.position,
                               fix=f"A column of that name is written {{{token.text}}}.")  # fmt: skip
        return self._operand(Column(token.text, token.position))

    def _case(self, token: Token) -> Node:
        subject = None if self._next.is_word("when") else self._expression(0)
        branches: list[tuple[Node, Node]] = []
        while (when := self._accept_word("when")) is not None:
            condition = self._expression(0)
            self._expect_word("then", "the condition of `when`")
            branches.append((condition if subject is None else Binary("=", subject, condition, when.position), self._expression(0)))
        if not branches:
            raise FormulaError(f"`when` is missing after `case`, before {_named(self._next)}", position=self._next.position)
        otherwise = self._expression(0) if self._accept_word("else", "otherwise") else None
        self._expect_word("end", "`case`")
        return if_of(tuple(branches), otherwise, token.position)

    def _if_form(self, token: Token) -> Node:
        if self._next.is_operator("(") and self._at in self._with_comma:
            self._take()
            return if_call(token, self._arguments())
        branches = [self._branch()]
        otherwise: Node | None = None
        while self._else_follows():
            self._accept(",")
            word = self._take()
            if word.is_word("elif", "elseif") or self._accept_word("if"):
                branches.append(self._branch())
                continue
            otherwise = self._expression(OR)
            break
        self._accept_word("end")
        return if_of(tuple(branches), otherwise, token.position)

    def _branch(self) -> tuple[Node, Node]:
        condition = self._expression(OR)
        self._accept(",")
        self._expect_word("then", "the condition of `if`")
        return condition, self._expression(OR)

    def _else_follows(self) -> bool:
        token = self._peek(1) if self._next.is_operator(",") else self._next
        return token.is_word("else", "elif", "elseif", "otherwise")

    def _arguments(self) -> list[Node]:
        """The values up to the closing parenthesis, the opening one being read."""
        opening = self._tokens[self._at - 1]
        arguments: list[Node] = []
        if self._accept(")"):
            return arguments
        while True:
            arguments.append(self._expression(0))
            if self._accept(")"):
                return arguments
            if not self._accept(","):
                raise self._unclosed(opening)

    def _function(self, token: Token) -> Node:
        name = fold(token.text)
        if name in ("cast", "trycast"):
            return self._sql_cast(token, lenient=name == "trycast")
        refuse_unknown(token)
        self._take()
        return call_of(token, self._arguments())

    def _sql_cast(self, token: Token, *, lenient: bool) -> Node:
        self._expect("(", f"`{token.text}`")
        operand = self._expression(0)
        if not (self._accept_word("as") or self._accept(",")):
            raise FormulaError(f"`as` is missing in `{token.text}`, before {_named(self._next)}", position=self._next.position,
                               fix="Write cast({x} as number).")  # fmt: skip
        word = self._take()
        to = TYPE_NAMES.get(word.text.lower())
        if to is None:
            raise FormulaError(f"{_named(word)} is not a type", position=word.position, fix=suggest(word.text, TYPE_NAMES))
        self._expect(")", f"`{token.text}`")
        return cast_of(operand, to, token, lenient=lenient)


def _parentheses_with_comma(tokens: list[Token]) -> set[int]:
    """The indices of opening parentheses that have a comma directly between them and their closing one."""
    opened: list[int] = []
    found: set[int] = set()
    for index, token in enumerate(tokens):
        if token.is_operator("("):
            opened.append(index)
        elif token.is_operator(")") and opened:
            opened.pop()
        elif token.is_operator(",") and opened:
            found.add(opened[-1])
    return found


def _number_of(token: Token) -> int | float:
    if token.text.isdecimal():
        value = int(token.text)
        if value > _LARGEST_INTEGER:
            raise FormulaError(f"{token.text} is beyond 64 bits", position=token.position, fix=f"Write {token.text}.0 for a number with a fraction.")
        return value
    fraction = float(token.text)
    if math.isinf(fraction):
        raise FormulaError(f"{token.text} is beyond the largest number, about 1.8e308", position=token.position)
    return fraction


def _named(token: Token) -> str:
    """A token in words, for a message."""
    match token.kind:
        case TokenKind.END:
            return "the end of the formula"
        case TokenKind.TEXT:
            return f"the text {token.text!r}"
        case TokenKind.COLUMN:
            return f"the column `{token.text}`"
    return f"`{token.text}`"


def _stray(token: Token, following: Token) -> FormulaError:
    """The error about a sign without a meaning."""
    if token.text == ".":
        method = following.text if following.kind is TokenKind.NAME else ""
        known = method and nearest(method, KNOWN_NAMES)
        fix = f"Write {known}({{column}}) instead of a method." if known else "A column with a dot in its name is written in braces: {order.net}."
        return FormulaError(f"`.{method}` was not expected: formulas have no attributes and no methods", position=token.position, fix=fix)
    if token.text in "[]":
        return FormulaError(f"`{token.text}` was not expected: formulas have no indexing and no lists", position=token.position,
                            fix="Write {column} for a column, split_part or substring for a part of a text.")  # fmt: skip
    if token.text == "|":
        return FormulaError("`|` was not expected", position=token.position, fix="Write `or` for truth values, `||` for texts.")
    return FormulaError(f"`{token.text}` has no meaning in a formula", position=token.position, fix=_COLUMN_HINT)
