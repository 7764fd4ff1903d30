"""Reading the options behind COPY and UNLOAD, and the credentials among them."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.redshift.errors import Refused
from local.redshift.lexer import Token, at, unquote

COMPRESSIONS = frozenset({"gzip", "bzip2", "zstd"})


@dataclass(frozen=True)
class Credentials:
    """Keys given in the statement itself. Never shown."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class OptionReader:
    """The statement's significant tokens, read from left to right."""

    def __init__(self, tokens: list[Token], verb: str) -> None:
        self.tokens = [token for token in tokens if token.significant]
        self.index, self.verb = 0, verb

    def peek(self) -> Token:
        return at(self.tokens, self.index)

    def next(self) -> Token:
        token = self.peek()
        self.index += 1
        return token

    def accept(self, *low: str) -> bool:
        if self.peek().low in low and self.peek().kind in ("word", "op"):
            self.index += 1
            return True
        return False

    def string(self, what: str) -> str:
        self.accept("as")
        token = self.next()
        if token.kind not in ("string", "dollar"):
            raise Refused(f"{self.verb}: {what} needs a quoted string behind it", "42601")
        return unquote(token)

    def number(self, what: str) -> int:
        self.accept("as")
        token = self.next()
        if token.kind != "number":
            raise Refused(f"{self.verb}: {what} needs a number behind it", "42601")
        return int(token.text)

    def switch(self) -> bool:
        """ON, OFF, TRUE, FALSE, PRESET, or nothing (which means on)."""
        if self.accept("off", "false"):
            return False
        self.accept("on", "true", "preset")
        return True

    def authorization(self, word: str, found: dict[str, str]) -> bool:
        if word == "iam_role":
            if not self.accept("default"):
                self.string("IAM_ROLE")
            found["iam_role"] = "yes"
        elif word == "credentials":
            pairs = dict(part.split("=", 1) for part in self.string("CREDENTIALS").split(";") if "=" in part)
            found.update({"iam_role": "yes"} if "aws_iam_role" in pairs else pairs)
        elif word in ("access_key_id", "secret_access_key", "session_token"):
            found[
                {
                    "access_key_id": "aws_access_key_id",
                    "secret_access_key": "aws_secret_access_key",
                    "session_token": "token",
                }[word]
            ] = self.string(word.upper())
        else:
            return False
        return True


def credentials(found: dict[str, str], verb: str) -> Credentials | None:
    if "aws_access_key_id" in found and "aws_secret_access_key" in found:
        return Credentials(found["aws_access_key_id"], found["aws_secret_access_key"], found.get("token"))
    if "iam_role" not in found:
        raise Refused(
            f"{verb}: say how to reach S3: IAM_ROLE default, IAM_ROLE 'arn:…', CREDENTIALS '…' or ACCESS_KEY_ID "
            f"and SECRET_ACCESS_KEY",
            "42601",
        )
    return None
