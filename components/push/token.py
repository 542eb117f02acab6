"""The token that the Hub is asked with, from where its own client looks for one."""

from huggingface_hub import constants, get_token

from components.contracts.errors import BadInputError
from components.runtime.errors import reason

WHERE = "HF_TOKEN or the file that `hf auth login` writes"


def find_token() -> str:
    """The token in HF_TOKEN, in the file that HF_TOKEN_PATH names, or in the client's own.

    Raises:
        BadInputError: there is none, or it cannot be read.
    """
    try:
        token = get_token()
    except UnicodeDecodeError as error:
        raise BadInputError(
            f"{constants.HF_TOKEN_PATH} holds no token, since it is not text"
        ) from error
    except Exception as error:  # a file that may not be read, or a login that has run out
        raise BadInputError(f"the Hub's token cannot be read: {reason(error)}") from error
    if not token:
        raise BadInputError(f"there is no token for the Hub: set {WHERE}")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise BadInputError(
            f"what {WHERE} holds is not a token: none has blanks or such characters"
        )
    return token
