"""Turns the bytes of a file into a parsed source, or says in one clause why that cannot be done."""

from __future__ import annotations

import codecs
import errno
import gc
import io
import os
import stat
import warnings
from _ast import PyCF_ONLY_AST  # of `ast`, without loading what `ast` adds to it
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import ast

    from pitfallcheck.lint.source import Source


_COOKIE_WITHIN = 4096
"""Bytes that hold the first two lines of any source whose author meant to declare an encoding."""


class UnreadableError(Exception):
    """A file that cannot be judged: `why` is a clause for the user, `line` the line at fault where there is one."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


def read(path: str) -> bytes:
    """The bytes of a regular file; raises UnreadableError, and never waits for a pipe or a device."""
    if path.endswith(".pyi"):
        raise UnreadableError("a stub file, which says what types there are and does nothing; name the module itself")
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UnreadableError("not a regular file; name a Python file or a folder")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UnreadableError(_why_not_open(path, error)) from None
    except ValueError:
        raise UnreadableError("not a path that can exist; check the spelling") from None


def _why_not_open(path: str, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        if os.path.islink(path):
            return "a symbolic link to a file that does not exist; mend or remove the link"
        return "no such file or folder; check the spelling"
    if error.errno == errno.ELOOP:
        return "symbolic links that lead in a circle; mend or remove them"
    if error.errno == errno.EACCES:
        return "no permission to read it; change its permissions or leave it out with `exclude`"
    return f"{(error.strerror or str(error)).lower()}; check the file"


def encoding_of(data: bytes) -> str:
    """The encoding a source declares by its first two lines (PEP 263) or a byte order mark, UTF-8 without either."""
    if not data.startswith(codecs.BOM_UTF8) and b"coding" not in data[:_COOKIE_WITHIN]:
        return "utf-8"
    import tokenize

    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError as error:
        if "unknown encoding" in str(error):
            raise UnreadableError(f"declares an {error}; name one that Python knows", 1) from None
        raise _not_utf8(data) from None


def decode(data: bytes) -> str:
    """The text of a source with its own line ends, without a byte order mark; raises UnreadableError."""
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise UnreadableError("holds null bytes, which no Python source may; save it as UTF-8 text", line)
    encoding = encoding_of(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding.startswith("utf-8"):
            raise _not_utf8(data) from None
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"declares {encoding} but holds bytes that are not; correct the declaration", line
        ) from None
    except LookupError:
        raise UnreadableError(f"declares the encoding {encoding}, which is not one of text; correct it", 1) from None


def _not_utf8(data: bytes) -> UnreadableError:
    line = None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    return UnreadableError(
        "not UTF-8 and no other encoding declared; save it as UTF-8 or add `# -*- coding: ... -*-`", line
    )


def parse(path: str, data: bytes) -> Source:
    """The parsed source of `path`, whose bytes are `data`; raises UnreadableError. Nothing in it is run."""
    from pitfallcheck.lint.source import Source

    text = decode(data)
    return Source(path, text, tree_of(text))


def tree_of(text: str) -> ast.Module:
    """The syntax tree of a source; raises UnreadableError."""
    try:
        with without_collection(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in the user's strings is not ours to report
            return cast("ast.Module", compile(text, "<unknown>", "exec", PyCF_ONLY_AST, dont_inherit=True))
    except SyntaxError as error:
        if "too many nested parentheses" in str(error.msg):
            raise UnreadableError("nested too deeply for Python itself; split the expression", error.lineno) from None
        if (seen := python_2(error.text or "")) is not None:
            why = f"Python 2, which has {seen}; port it with `2to3`, or leave it out with `exclude`"
            raise UnreadableError(why, error.lineno) from None
        raise UnreadableError(f"syntax error, {error.msg}; mend it and check again", error.lineno) from None
    except (RecursionError, MemoryError):
        raise UnreadableError("nested too deeply for Python's parser; split the expression") from None
    except ValueError as error:
        raise UnreadableError(f"not Python source, {error}; check the file") from None


_PYTHON_2 = (
    (r"\s*(?:.*[:;]\s*)?print(?:\s+[^\s(=.,:)\]]|\s*>>\s*\w|\s+\(.*\)\s*(?:%|,))", "`print` as a statement"),
    (r"\s*except\s+[\w.()\s,]+,\s*\w+\s*:", "`except E, e:`"),
    (r"\s*(?:.*[:;]\s*)?raise\s+[\w.]+\s*,\s*\S", "`raise E, text`"),
    (r"\s*(?:.*[:;]\s*)?exec\s+[^\s(=.,:)\]]", "`exec` as a statement"),
    (r"[^'\"#]*<>", "`<>`"),
    (r"[^'\"#]*`[^`]+`", "backquotes for `repr`"),
    (r"[^'\"#]*\b(?:0[0-7]+|\d+)[lL]?\b(?<=[lL])|[^'\"#]*(?<![\w.])0[0-7]+\b", "numbers such as `0777` and `10L`"),
    (r"[^'\"#]*\b[uU][rR]['\"]", "`ur` strings"),
)
"""How lines begin that were Python once, and what to call it."""


def python_2(line: str) -> str | None:
    """What a line that does not parse has of Python 2."""
    import re

    return next((what for sign, what in _PYTHON_2 if re.match(sign, line)), None)


@contextmanager
def without_collection() -> Iterator[None]:
    """Pause garbage collection: a parser only makes objects, and looking for dead ones takes half its time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
