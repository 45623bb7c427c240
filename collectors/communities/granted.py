"""Services whose access tokens do not last: they are had by an exchange (OAuth 2.0, RFC 6749)."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from overheard.collectors.communities.community import Address, Community, Environment
from overheard.collectors.fetching.secrets import Grant, Spot

# Of all of Google's services.
GOOGLE = "https://oauth2.googleapis.com/token"
_File = Annotated[str, Meta(max_length=1_000)]


class Granted(Community, frozen=True, kw_only=True):
    """A source of such a service. With a client id, its token is a refresh token, and the access tokens are had by it.

    `client_id_env` or `client_id_file`, and `client_secret_env` or `client_secret_file`, say where the id and the
    secret of the application are; `auth` is where the exchange is made. Without them its token is sent as it is.
    """

    asks = {
        "client_id_env": "The environment variable that holds the client id of your application with the service.",
        "client_id_file": "Or the file that holds it, as seen from the settings.",
        "client_secret_env": "The environment variable that holds the client secret of your application.",
        "client_secret_file": "Or the file that holds it, as seen from the settings.",
        "auth": "Where access tokens are had, if not at the service's usual address.",
    }
    # Where access tokens are had, whether the client says who it is by HTTP Basic there, and whether each exchange
    # gives a new refresh token in place of the old one, which only a file can take.
    exchange_at: ClassVar[str]
    basic: ClassVar[bool] = False
    rotates: ClassVar[bool] = False
    # Whether an application may ask on its own behalf, without a refresh token.
    app_only: ClassVar[bool] = False

    client_id_env: Environment = ""
    client_id_file: _File = ""
    client_secret_env: Environment = ""
    client_secret_file: _File = ""
    auth: Address = ""

    def __post_init__(self) -> None:
        if not self.has_client and (self.client_secret or self.auth):
            raise ValueError(
                "expected `client_id_env` or `client_id_file` beside the other settings of a client; got none"
            )
        if self.has_client and self.rotates and (self.token_env or not self.token_file):
            raise ValueError(
                "expected `token_file` alone for the refresh token, since the service replaces it with each exchange; "
                f"got {'`token_env`' if self.token_env else 'none'}"
            )
        super().__post_init__()

    @property
    def has_client(self) -> bool:
        """True where the settings say where a client id is."""
        return bool(self.client_id_env or self.client_id_file)

    def need_token(self) -> None:
        """Raises ValueError where the settings do not say where the token is (`Community.need_token`)."""
        if not (self.app_only and self.has_client):
            super().need_token()

    @property
    def client_secret(self) -> Spot:
        """Where the client secret is."""
        return Spot(self.client_secret_env, self.client_secret_file)

    @property
    def grant(self) -> Grant | None:
        """How its access tokens are had; None where its token is one."""
        if not self.has_client:
            return None
        kind: Literal["refresh_token", "client_credentials"] = (
            "refresh_token" if self.has_token else "client_credentials"
        )
        return Grant(
            self.auth or self.exchange_at,
            kind,
            Spot(self.client_id_env, self.client_id_file),
            self.client_secret,
            basic=self.basic,
        )
