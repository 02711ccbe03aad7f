"""All contact with Redis, one file for each class.

``Installations`` sees all portals. ``PortalStore`` is bound to one at birth and cannot spell
another portal's key. Every Redis failure leaves here as StoreUnavailable.
"""

from b24app.store.budget import RateBudget
from b24app.store.counters import Counters
from b24app.store.inbox import Inbox
from b24app.store.installations import Installations
from b24app.store.portal import PortalStore

__all__ = ["Counters", "Inbox", "Installations", "PortalStore", "RateBudget"]
