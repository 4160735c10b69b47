"""From an awk program to its tree: rules of (pattern, action), as nested tuples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cluster_engine.sh.awk.lexer import AwkSyntaxError, Token, tokens

__all__ = ["AwkSyntaxError", "Rules", "parse"]

MAX_DEPTH = 60
# An expression or a statement: its kind, and what it is made of.
Node = tuple[Any, ...]
_ASSIGN = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "^=", "**="})
_COMPARE = frozenset({"<", "<=", "==", "!=", ">", ">="})


@dataclass(slots=True)
class Rules:
    begin: list[Node] = field(default_factory=list)
    # (pattern or None, end of a range or None, action or None for `print`)
    main: list[tuple[Node | None, Node | None, Node | None]] = field(default_factory=list)
    end: list[Node] = field(default_factory=list)
    functions: dict[str, tuple[list[str], Node]] = field(default_factory=dict)


def parse(text: str) -> Rules:
    """Raises AwkSyntaxError."""
    return _Parser(tokens(text)).rules()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.position = 0
        self.depth = 0
        self.no_in = 0
        self.no_greater = 0

    def look(self) -> Token:
        return self.tokens[self.position]

    def at(self, *texts: str) -> bool:
        token = self.look()
        return token.kind in ("operator", "keyword") and token.text in texts

    def take(self, *texts: str) -> bool:
        if self.at(*texts):
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.fault()

    def fault(self) -> AwkSyntaxError:
        return AwkSyntaxError(f"syntax error at or near {self.look()}")

    def skip_ends(self) -> None:
        while self.look().kind == "newline" or self.at(";"):
            self.position += 1

    def skip_newlines(self) -> None:
        while self.look().kind == "newline":
            self.position += 1

    def rules(self) -> Rules:
        rules = Rules()
        self.skip_ends()
        while self.look().kind != "end":
            self._rule(rules)
            self.skip_ends()
        return rules

    def _rule(self, rules: Rules) -> None:
        if self.take("BEGIN"):
            rules.begin.append(self.block())
        elif self.take("END"):
            rules.end.append(self.block())
        elif self.take("function"):
            name = self.look().text
            self.position += 1
            self.expect("(")
            parameters: list[str] = []
            while not self.take(")"):
                parameters.append(self.look().text)
                self.position += 1
                self.take(",")
            self.skip_newlines()
            rules.functions[name] = (parameters, self.block())
        else:
            pattern = None if self.at("{") else self.expression()
            until = None
            if self.take(","):
                self.skip_newlines()
                until = self.expression()
            rules.main.append((pattern, until, self.block() if self.at("{") else None))

    def block(self) -> Node:
        self.expect("{")
        body: list[Node] = []
        self.skip_ends()
        while not self.take("}"):
            body.append(self.statement())
            self.skip_ends()
        return ("block", body)

    def statement(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise AwkSyntaxError("the program is nested too deeply")
        node = self._statement()
        self.depth -= 1
        return node

    def _statement(self) -> Node:
        if self.at("{"):
            return self.block()
        if self.take("if"):
            return self._if()
        if self.take("while"):
            condition = self._in_parentheses()
            if self.take(";"):
                return ("while", condition, ("block", []))
            return ("while", condition, self._body())
        if self.take("do"):
            body = self._body()
            self.skip_ends()
            self.expect("while")
            return ("do", body, self._in_parentheses())
        if self.take("for"):
            return self._for()
        return self._simple_end(self._simple())

    def _simple_end(self, node: Node) -> Node:
        if not (self.look().kind in ("newline", "end") or self.at(";", "}")):
            raise self.fault()
        self.take(";")
        return node

    def _in_parentheses(self) -> Node:
        self.expect("(")
        inner = self.expression()
        self.expect(")")
        return inner

    def _body(self) -> Node:
        self.skip_newlines()
        return self.statement()

    def _if(self) -> Node:
        condition = self._in_parentheses()
        yes = ("block", []) if self.take(";") else self._body()
        kept = self.position
        self.skip_ends()
        if self.take("else"):
            return ("if", condition, yes, self._body())
        self.position = kept
        return ("if", condition, yes, None)

    def _for(self) -> Node:
        self.expect("(")
        ahead = [token.text for token in self.tokens[self.position : self.position + 4]]
        if len(ahead) == 4 and ahead[1] == "in" and ahead[3] == ")":
            self.position += 4
            return ("each", ahead[0], ahead[2], self._body())
        first = None if self.at(";") else self._simple()
        self.expect(";")
        condition = None if self.at(";") else self.expression()
        self.expect(";")
        after = None if self.at(")") else self._simple()
        self.expect(")")
        body = ("block", []) if self.take(";") else self._body()
        return ("for", first, condition, after, body)

    def _simple(self) -> Node:
        for word in ("break", "continue", "next"):
            if self.take(word):
                return (word,)
        if self.take("exit"):
            return ("exit", None if self._ends() else self.expression())
        if self.take("return"):
            return ("return", None if self._ends() else self.expression())
        if self.take("delete"):
            name = self.look().text
            self.position += 1
            index = None
            if self.take("["):
                index = self._list("]")
            return ("delete", name, index)
        if self.at("print", "printf"):
            return self._print()
        return ("expression", self.expression())

    def _ends(self) -> bool:
        return self.look().kind in ("newline", "end") or self.at(";", "}")

    def _print(self) -> Node:
        kind = self.look().text
        self.position += 1
        self.no_greater += 1
        arguments: list[Node] = []
        if not self._ends() and not self.at(">", ">>", "|"):
            arguments = [self.expression()]
            while self.take(","):
                self.skip_newlines()
                arguments.append(self.expression())
        self.no_greater -= 1
        if len(arguments) == 1 and arguments[0][0] == "group":
            arguments = arguments[0][1]
        if self.at(">", ">>", "|"):
            raise AwkSyntaxError(f'"{self.look()}" after print: write into a file with the shell\'s own > instead')
        return (kind, arguments)

    # Expressions, from what binds least.

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise AwkSyntaxError("the program is nested too deeply")
        left = self._choice()
        if self.look().text in _ASSIGN and self.look().kind == "operator":
            operator = self.look().text
            if left[0] not in ("name", "field", "element"):
                raise self.fault()
            self.position += 1
            self.skip_newlines()
            left = ("assign", operator[:-1], left, self.expression())
        self.depth -= 1
        return left

    def _choice(self) -> Node:
        condition = self._or()
        if not self.take("?"):
            return condition
        self.skip_newlines()
        yes = self.expression()
        self.skip_newlines()
        self.expect(":")
        self.skip_newlines()
        return ("choice", condition, yes, self.expression())

    def _or(self) -> Node:
        left = self._and()
        while self.take("||"):
            self.skip_newlines()
            left = ("or", left, self._and())
        return left

    def _and(self) -> Node:
        left = self._in()
        while self.take("&&"):
            self.skip_newlines()
            left = ("and", left, self._in())
        return left

    def _in(self) -> Node:
        left = self._match()
        while self.take("in"):
            name = self.look().text
            self.position += 1
            left = ("in", left[1] if left[0] == "group" else [left], name)
        return left

    def _match(self) -> Node:
        left = self._comparison()
        while self.at("~", "!~"):
            operator = self.look().text
            self.position += 1
            left = ("match", operator == "!~", left, self._comparison())
        return left

    def _comparison(self) -> Node:
        left = self._concatenation()
        if self.look().kind == "operator" and self.look().text in _COMPARE and not (self.at(">") and self.no_greater):
            operator = self.look().text
            self.position += 1
            return ("compare", operator, left, self._concatenation())
        return left

    def _concatenation(self) -> Node:
        left = self._sum()
        while self._begins_operand():
            left = ("concat", left, self._sum())
        return left

    def _begins_operand(self) -> bool:
        token = self.look()
        if token.kind in ("number", "string", "name", "call", "regex"):
            return True
        return token.kind == "operator" and token.text in ("$", "!", "(", "-", "+", "++", "--")

    def _sum(self) -> Node:
        left = self._product()
        while self.at("+", "-"):
            operator = self.look().text
            self.position += 1
            left = ("binary", operator, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._unary()
        while self.at("*", "/", "%"):
            operator = self.look().text
            self.position += 1
            left = ("binary", operator, left, self._unary())
        return left

    def _unary(self) -> Node:
        if self.at("!", "-", "+"):
            operator = self.look().text
            self.position += 1
            return ("unary", operator, self._unary())
        return self._power()

    def _power(self) -> Node:
        left = self._postfix()
        if self.take("^", "**"):
            return ("binary", "^", left, self._unary())
        return left

    def _postfix(self) -> Node:
        if self.at("++", "--"):
            operator = self.look().text
            self.position += 1
            return ("step", operator, True, self._primary())
        node = self._primary()
        if self.at("++", "--") and node[0] in ("name", "field", "element"):
            operator = self.look().text
            self.position += 1
            return ("step", operator, False, node)
        return node

    def _primary(self) -> Node:
        token = self.look()
        self.position += 1
        match token.kind:
            case "number":
                return ("number", float(int(token.text, 16) if token.text[:2] in ("0x", "0X") else token.text))
            case "string":
                return ("string", token.text)
            case "regex":
                return ("regex", token.text)
            case "call":
                self.expect("(")
                return ("call", token.text, self._list(")"))
            case "name":
                if self.take("["):
                    return ("element", token.text, self._list("]"))
                return ("call", "length", []) if token.text == "length" else ("name", token.text)
        if token.kind == "operator" and token.text == "$":
            if self.at("++", "--"):
                return ("field", self._postfix())
            return ("field", self._unary() if self.at("-") else self._primary())
        if token.kind == "operator" and token.text == "(":
            kept, self.no_greater = self.no_greater, 0
            inner = self._list(")")
            self.no_greater = kept
            if not inner:
                raise self.fault()
            return ("group", inner) if len(inner) > 1 or self.at("in") else ("paren", inner[0])
        self.position -= 1
        raise self.fault()

    def _list(self, closing: str) -> list[Node]:
        found: list[Node] = []
        self.skip_newlines()
        while not self.take(closing):
            found.append(self.expression())
            self.skip_newlines()
            if not self.take(",") and not self.at(closing):
                raise self.fault()
            self.skip_newlines()
        return found
