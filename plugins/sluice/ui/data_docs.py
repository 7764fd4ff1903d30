"""Great Expectations' Data Docs out of S3, shown to logged-in users only.

The pages hold values out of the data and are written by a job, so they are served as documents that cannot act: a
``sandbox`` policy without scripts, nothing loaded from anywhere else. They refer to style sheets of a CDN, which that
policy blocks; ours takes their place.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from html import escape

from sluice.quality.results import ValidationStore

PREFIX = "data-docs/"
POLICY = (
    "sandbox allow-same-origin; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".otf": "font/otf",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Document:
    body: bytes
    media_type: str


def relative_path(url: str | None, bucket: str) -> str | None:
    """The path below ``data-docs/`` that a stored ``data_docs_url`` means, or None if it means something else.

    Accepted are ``s3://<bucket>/data-docs/<path>`` and a path relative to ``data-docs/``.
    """
    if not url:
        return None
    path = url.removeprefix(f"s3://{bucket}/{PREFIX}").removeprefix(PREFIX)
    return path if safe_path(path) else None


def safe_path(path: str) -> bool:
    """Whether a path stays below ``data-docs/``, as it is and not only after tidying up."""
    if not path or path.startswith("/") or "\\" in path or ":" in path.split("/")[0]:
        return False
    if any(ord(character) < 32 for character in path):
        return False
    return posixpath.normpath(path) == path and ".." not in path.split("/") and path != "."


def load(store: ValidationStore, path: str, root: str) -> Document | None:
    """A document of the Data Docs, or None if there is none of that name.

    Parameters
    ----------
    root
        The path under which Sluice's pages are served, for the style sheet and the way back.
    """
    media_type = _TYPES.get(posixpath.splitext(path)[1].lower())
    if media_type is None or not safe_path(path):
        return None
    try:
        body = store.client.get_object(Bucket=store.bucket, Key=PREFIX + path)["Body"].read()
    except store.client.exceptions.NoSuchKey:
        return None
    return Document(_dressed(body, root) if media_type.startswith("text/html") else body, media_type)


def _dressed(page: bytes, root: str) -> bytes:
    root = escape(root, quote=True)
    style = f'<link rel="stylesheet" href="{root}/static/data-docs.css"></head>'.encode()
    back = f'<body><p class="sluice-back"><a href="{root}/quality">← Data quality</a></p>'.encode()
    return page.replace(b"</head>", style, 1).replace(b"<body>", back, 1)
