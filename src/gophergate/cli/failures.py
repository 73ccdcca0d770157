"""Which exceptions speak to people. The others are defects, and say only their kind: their text may hold anything."""

from __future__ import annotations

import sys

_SPOKEN = (
    ("gophergate.settings.errors", "SettingsError"),
    ("gophergate.keyfile", "SetupError"),
    ("gophergate.errors", "GatewayError"),
    ("gophergate.store.revision", "UpgradeFailed"),
)


def is_for_people(error: Exception) -> bool:
    """True when the exception's text is a sentence for the operator and holds no secret.

    Looks only at modules that are loaded: what was never imported cannot have raised.
    """
    kinds = tuple(getattr(sys.modules[module], name) for module, name in _SPOKEN if module in sys.modules)
    return isinstance(error, kinds)
