"""Where the provider is and who we are to it. The simulator is only another `base_url`."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Config:
    """One sending number. Token and secrets are kept out of `repr`, hence out of logs and tracebacks."""

    base_url: str
    api_version: str
    phone_number_id: str
    business_account_id: str
    token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    verify_token: str = field(repr=False)
    app_id: str = ""  # only for the example files of templates

    @property
    def messages_url(self) -> str:
        """Where messages, and «read» marks, are posted."""
        return f"{self.number_url}/messages"

    @property
    def media_url(self) -> str:
        """Where media are uploaded."""
        return f"{self.number_url}/media"

    @property
    def contact_book_url(self) -> str:
        """Where a person is deleted from the provider's own contact book."""
        return f"{self.number_url}/contact_book"

    @property
    def templates_url(self) -> str:
        """Where the account's templates are listed, created and deleted."""
        return self.url(f"{self.business_account_id}/message_templates")

    @property
    def examples_url(self) -> str:
        """Where the upload of a template's example file begins."""
        return self.url(f"{self.app_id}/uploads")

    @property
    def number_url(self) -> str:
        """The sending number's own node."""
        return self.url(self.phone_number_id)

    def url(self, path: str) -> str:
        """Return the address of `path` in the configured API version."""
        return f"{self.base_url.rstrip('/')}/{self.api_version}/{path}"

    @property
    def is_local(self) -> bool:
        """Whether the provider is on this machine, as the simulator of the demo must be."""
        host = urlsplit(self.base_url).hostname or ""
        if host == "localhost":
            return True
        try:
            return ip_address(host).is_loopback
        except ValueError:  # a name: no look-up, it may resolve elsewhere tomorrow
            return False
