"""Every knob: what it means, where its value came from, and one sentence when it is wrong.

    load  reads file, environment and flags into a frozen `Settings`
    explain  shows each value, masked, with its source
    render  writes settings as TOML, and the commented template of `gophergate init`

Nothing here creates a file, opens a database or reads the process's own environment.
"""

from __future__ import annotations

from gophergate.settings.errors import SettingsError
from gophergate.settings.guards import GuardSettings
from gophergate.settings.load import Flag, data_directory, load
from gophergate.settings.masking import Secret, mask
from gophergate.settings.schema import GroupSettings, ProviderSettings, Settings, Source

__all__ = [
    "Flag",
    "GroupSettings",
    "GuardSettings",
    "ProviderSettings",
    "Secret",
    "Settings",
    "SettingsError",
    "Source",
    "data_directory",
    "load",
    "mask",
]
