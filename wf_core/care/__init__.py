"""Looking after what is there: verifying revisions, and the set-up itself."""

from wf_core.care.doctor import examine
from wf_core.care.verify import verify

__all__ = ["examine", "verify"]
