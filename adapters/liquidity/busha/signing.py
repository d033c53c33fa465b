from collections.abc import Mapping


def authorization(secret: str, profile_id: str) -> Mapping[str, str]:
    """A bearer secret, and on whose behalf it is used. Nothing of the request is signed."""
    return {"Authorization": f"Bearer {secret}", "X-BU-PROFILE-ID": profile_id}
