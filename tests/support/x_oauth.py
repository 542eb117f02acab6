"""The part of X's OAuth 2 that a login needs: PKCE for public clients (RFC 6749, RFC 7636)."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit


@dataclass
class OAuthServer:
    """Gives out codes for consents, and tokens for codes; each once."""

    username: str = "nobody"
    """Who consents."""
    expires_in: int = 7200
    challenges: dict[str, str] = field(default_factory=dict)
    """By code, what its verifier must hash to."""
    refresh_tokens: set[str] = field(default_factory=set)
    access_tokens: set[str] = field(default_factory=set)
    given: int = 0

    def consent(self, url: str) -> str:
        """Where the browser is sent when the person at the address `url` says yes."""
        asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "tweet.read" in asked["scope"].split()
        self.given += 1
        code = f"code-{self.given}"
        self.challenges[code] = asked["code_challenge"]
        back = urlencode({"state": asked["state"], "code": code})
        return f"{asked['redirect_uri']}?{back}"

    def who(self, token: str) -> str | None:
        """Whose access token this is."""
        return self.username if token in self.access_tokens else None

    def give_token(
        self, path: str, form: Mapping[str, list[str]]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """The answer of the token endpoint."""
        given = {name: value[0] for name, value in form.items()}
        if path != "/2/oauth2/token" or not given.get("client_id"):
            return self._error("invalid_request")
        if given.get("grant_type") == "refresh_token":
            if given.get("refresh_token") not in self.refresh_tokens:
                return self._error("invalid_grant")
            self.refresh_tokens.remove(given["refresh_token"])  # X gives a new one each time
        elif self.challenges.pop(given.get("code", ""), None) != _hashed(
            given.get("code_verifier", "")
        ):
            return self._error("invalid_grant")
        self.given += 1
        access, refresh = f"access-{self.given}", f"refresh-{self.given}"
        self.access_tokens = {access}
        self.refresh_tokens.add(refresh)
        body = {
            "token_type": "bearer",
            "expires_in": self.expires_in,
            "access_token": access,
            "refresh_token": refresh,
            "scope": "tweet.read users.read offline.access",
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _error(self, name: str) -> tuple[int, Mapping[str, str], bytes]:
        return 400, {}, json.dumps({"error": name}).encode()


def _hashed(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
