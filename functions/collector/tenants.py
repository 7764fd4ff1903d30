"""Who a write key belongs to. The keys lie in Secrets Manager as ``{"<write key>": "<tenant>"}``."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError

from .errors import Refusal

CACHE_SECONDS = 60


class WriteKeys:
    """The write keys, read from the secret at most once a minute.

    Parameters
    ----------
    secret_name
        Name or ARN of the secret.
    provider
        Powertools provider that reads and caches it.
    """

    def __init__(self, secret_name: str, provider: SecretsProvider | None = None) -> None:
        self._secret_name = secret_name
        self._provider = provider or SecretsProvider()

    def tenant_of(self, write_key: str | None) -> str:
        """Return the tenant of ``write_key``.

        Raises
        ------
        Refusal
            401 when the key is absent or unknown, 503 when the keys cannot be read now.
        """
        if not write_key:
            raise Refusal(401, "missing_write_key", "Send your tenant's write key in the header X-Write-Key.")
        tenant = self._keys().get(write_key)
        if not isinstance(tenant, str) or not tenant:
            raise Refusal(401, "unknown_write_key", "The X-Write-Key is not known. Check it, or ask for a new one.")
        return tenant

    def _keys(self) -> Mapping[str, object]:
        try:
            keys = self._provider.get(self._secret_name, max_age=CACHE_SECONDS, transform="json")
        except (GetParameterError, TransformParameterError) as error:
            raise Refusal(503, "keys_unavailable", "Write keys cannot be read now. Send again.", 2) from error
        return keys if isinstance(keys, dict) else {}
