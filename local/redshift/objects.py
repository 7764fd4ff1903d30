"""The S3 objects a COPY reads and an UNLOAD writes, through boto3's standard settings (AWS_ENDPOINT_URL)."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.redshift.errors import Refused
from local.redshift.options import Credentials

MEMORY_PER_OBJECT = 64 << 20
AHEAD = 3
_CONFIG = Config(
    s3={"addressing_style": "path"}, retries={"max_attempts": 3, "mode": "standard"}, max_pool_connections=8
)


@dataclass(frozen=True)
class Location:
    """An object, or a prefix of objects."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, url: str) -> Location:
        """Return the place an `s3://bucket/key` names."""
        bucket, _, key = url[5:].partition("/")
        if not bucket:
            raise Refused(f"{url!r} names no bucket", "42601")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Store:
    """S3 with the credentials of one statement."""

    def __init__(self, credentials: Credentials | None, region: str | None) -> None:
        keys = {}
        if credentials is not None:
            keys = {
                "aws_access_key_id": credentials.key,
                "aws_secret_access_key": credentials.secret,
                "aws_session_token": credentials.token,
            }
        try:
            self._client = boto3.session.Session(**keys).client("s3", region_name=region, config=_CONFIG)
        except (BotoCoreError, ValueError) as error:
            raise Refused(
                f"S3 cannot be used: {type(error).__name__}. Set AWS_ENDPOINT_URL and AWS_DEFAULT_REGION for "
                f"the local warehouse"
            ) from None

    def find(self, source: str, manifest: bool, columnar: bool) -> list[Location]:
        """Return the objects a COPY from `source` reads, in order.

        Raises
        ------
        Refused
            With Redshift's words when nothing is there or the manifest is not one.
        """
        if manifest:
            return self._manifest(source, columnar)
        prefix = Location.parse(source)
        found = []
        for location, size in self.list(prefix):
            name = location.key.rsplit("/", 1)[-1]
            if name and size and not (columnar and name.startswith(("_", ".", "#"))):
                found.append(location)
        if not found:
            raise Refused(f"The specified S3 prefix '{prefix.key}' does not exist in bucket '{prefix.bucket}'")
        return found

    def list(self, prefix: Location) -> Iterator[tuple[Location, int]]:
        """Yield the objects below a prefix with their sizes, in the order of their keys."""
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key):
                for entry in page.get("Contents", ()):
                    yield Location(prefix.bucket, entry["Key"]), entry["Size"]
        except (ClientError, BotoCoreError) as error:
            raise _explained(error, prefix) from None

    def _manifest(self, source: str, columnar: bool) -> list[Location]:
        place = Location.parse(source)
        try:
            with self.open(place) as file:
                entries = json.load(file)["entries"]
            listed = [
                (Location.parse(entry["url"]), bool(entry.get("mandatory", False)), entry.get("meta", {}))
                for entry in entries
            ]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(
                f'the manifest {place} is not of the form {{"entries": [{{"url": "s3://…", "mandatory": true}}]}}'
            ) from None
        found = []
        for location, mandatory, meta in listed:
            if columnar and "content_length" not in meta:
                raise Refused(
                    f"the manifest {place} lacks meta.content_length for {location}; COPY from a columnar "
                    f"format needs it"
                )
            if self._exists(location):
                found.append(location)
            elif mandatory:
                raise Refused(f"problem reading manifest file {place}: the mandatory file {location} does not exist")
        return found

    def _exists(self, location: Location) -> bool:
        try:
            self._client.head_object(Bucket=location.bucket, Key=location.key)
            return True
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
                return False
            raise _explained(error, location) from None
        except BotoCoreError as error:
            raise _explained(error, location) from None

    def open(self, location: Location) -> IO[bytes]:
        """Return the content of one object as a seekable file (on disk when it is large)."""
        file = tempfile.SpooledTemporaryFile(MEMORY_PER_OBJECT)  # noqa: SIM115 - the caller closes it
        try:
            body = self._client.get_object(Bucket=location.bucket, Key=location.key)["Body"]
            shutil.copyfileobj(body, file, 1 << 20)
        except (ClientError, BotoCoreError) as error:
            file.close()
            raise _explained(error, location) from None
        file.seek(0)
        return file  # type: ignore[return-value]

    def open_all(self, locations: list[Location]) -> Iterator[tuple[Location, IO[bytes]]]:
        """Yield each object opened, a few fetched ahead of the one in use."""
        with ThreadPoolExecutor(AHEAD) as pool:
            waiting: list[Future[IO[bytes]]] = [pool.submit(self.open, location) for location in locations[:AHEAD]]
            try:
                for index, location in enumerate(locations):
                    with waiting[index].result() as file:
                        yield location, file
                    if len(waiting) < len(locations):
                        waiting.append(pool.submit(self.open, locations[len(waiting)]))
            finally:
                for future in waiting:
                    future.cancel()

    def write(self, location: Location, file: IO[bytes]) -> None:
        """Store one object."""
        try:
            self._client.put_object(Bucket=location.bucket, Key=location.key, Body=file)
        except (ClientError, BotoCoreError) as error:
            raise _explained(error, location) from None

    def delete(self, location: Location) -> None:
        """Remove one object."""
        try:
            self._client.delete_object(Bucket=location.bucket, Key=location.key)
        except (ClientError, BotoCoreError) as error:
            raise _explained(error, location) from None


def _explained(error: Exception, location: Location) -> Refused:
    # Only the code: messages of S3 can hold signatures and key ids.
    code = error.response["Error"].get("Code", "?") if isinstance(error, ClientError) else type(error).__name__
    hints = {
        "NoSuchBucket": "The specified bucket does not exist",
        "NoSuchKey": "The specified key does not exist",
        "EndpointConnectionError": "the AWS endpoint does not answer (AWS_ENDPOINT_URL)",
        "NoCredentialsError": "there are no AWS credentials in the environment of the local warehouse",
    }
    return Refused(f"S3ServiceException: {hints.get(code, 'the request failed')}, Error {code}, {location}")
