"""The operations that go as they come, metered: pictures, moderation, ranking, speech, transcription, translation."""

from gophergate.dialects.platform.dialect import Operating, OperatingByForm
from gophergate.dialects.platform.table import OPERATIONS, Operation

__all__ = ["OPERATIONS", "Operating", "OperatingByForm", "Operation"]
