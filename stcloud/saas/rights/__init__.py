"""Rights: who may do what with which part of a city (ring: saas).

A policy is a document; principals come from tokens, or from an identity provider. `PermittedCity` is what a
principal may see of a city: it has the methods of `stcloud.City`, so that whoever answers questions is handed one
and knows nothing of rights. It is a city that never held what is forbidden: layers that may not be seen are absent,
and of a layer of which only some rows may be seen a copy is made that holds no others. So no place further up has
to leave anything out. This room knows cities and policies; it must not know routes, formats and commands.

Start at `permittedcity.py`; `policy.py` says what a policy is.
"""

from stcloud.saas.rights.policy import Policy
from stcloud.saas.rights.principal import ANONYMOUS, Principal

__all__ = ["ANONYMOUS", "Policy", "Principal"]
